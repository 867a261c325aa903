export {
  type CheckedLedger,
  checkLedger,
  guaranteeInWords,
  isPrivateLedger,
  type VerifiedLedger,
  verifyLedger,
} from "./verify.js";
