#!/usr/bin/env node
import { runDemo } from "../dist/demo/main.js";

process.exitCode = await runDemo(process.argv.slice(2));
