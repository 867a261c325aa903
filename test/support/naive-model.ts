/**
 * Language models evaluated one position at a time in float64, in plain loops, straight from `config.json` and the
 * tensors' names as transformers writes them. It shares nothing with `src/model`, whose graphs are tested against it.
 */

type Config = Readonly<Record<string, unknown>>;
type Row = readonly number[];

/** What a model is evaluated on. */
export interface NaiveInput {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** Logits of every position, [positions][vocabulary]. */
export function naiveLogits(
  config: Config,
  weights: ReadonlyMap<string, Float32Array>,
  input: NaiveInput,
): Row[] {
  const net = new Net(config, weights);
  switch (config["model_type"]) {
    case "bert":
    case "roberta":
    case "electra":
      return bertLike(net, config["model_type"], input);
    case "xlm-roberta":
    case "camembert":
      return bertLike(net, "roberta", input);
    case "distilbert":
      return distil(net, input);
    case "gpt2":
      return gpt2(net, input);
    case "opt":
      return opt(net, input);
    default:
      return llama(net, input);
  }
}

class Net {
  constructor(
    readonly config: Config,
    readonly weights: ReadonlyMap<string, Float32Array>,
  ) {}

  tensor(name: string): Float32Array {
    const found = this.weights.get(name);
    if (found === undefined) throw new Error(`no tensor ${name}`);
    return found;
  }

  number(field: string, fallback?: number): number {
    const value = this.config[field] ?? fallback;
    if (typeof value !== "number") throw new Error(`no number ${field}`);
    return value;
  }

  flag(field: string, fallback: boolean): boolean {
    return (this.config[field] as boolean | undefined) ?? fallback;
  }

  row(table: string, at: number, width: number): Row {
    return [...this.tensor(`${table}.weight`).subarray(at * width, (at + 1) * width)];
  }

  /** W x + b, W as [out, in]; the bias where the checkpoint has one. */
  linear(name: string, x: Row, weight = `${name}.weight`): Row {
    const w = this.tensor(weight);
    const bias = this.weights.get(`${name}.bias`);
    const y = Array.from({ length: w.length / x.length }, (_, out) =>
      x.reduce((sum, value, i) => sum + value * (w[out * x.length + i] ?? 0), bias?.[out] ?? 0),
    );
    return this.#lowRank(name, x, y);
  }

  /** As {@link linear}, W as [in, out]. */
  conv(name: string, x: Row): Row {
    const w = this.tensor(`${name}.weight`);
    const bias = this.tensor(`${name}.bias`);
    const outs = bias.length;
    const y = Array.from({ length: outs }, (_, out) =>
      x.reduce((sum, value, i) => sum + value * (w[i * outs + out] ?? 0), bias[out] ?? 0),
    );
    return this.#lowRank(name, x, y);
  }

  /** y + lora_scale B A x, where the weights have A [rank, in] and B [out, rank]; `lora_scale` is among the config. */
  #lowRank(name: string, x: Row, y: Row): Row {
    const a = this.weights.get(`${name}.lora_A.weight`);
    const b = this.weights.get(`${name}.lora_B.weight`);
    if (a === undefined || b === undefined) return y;
    const rank = a.length / x.length;
    const narrow = Array.from({ length: rank }, (_, k) =>
      x.reduce((sum, value, i) => sum + value * (a[k * x.length + i] ?? 0), 0),
    );
    const scale = this.number("lora_scale");
    return y.map(
      (value, out) =>
        value + scale * narrow.reduce((sum, part, k) => sum + part * (b[out * rank + k] ?? 0), 0),
    );
  }

  layerNorm(name: string, x: Row, epsilon: number): Row {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const weight = this.weights.get(`${name}.weight`);
    const bias = this.weights.get(`${name}.bias`);
    return x.map(
      (value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * (weight?.[i] ?? 1) + (bias?.[i] ?? 0),
    );
  }

  rmsNorm(name: string, x: Row): Row {
    const square = x.reduce((sum, value) => sum + value ** 2, 0) / x.length;
    const weight = this.tensor(`${name}.weight`);
    return x.map((value, i) => (value / Math.sqrt(square + this.number("rms_norm_eps"))) * (weight[i] ?? 0));
  }
}

const add = (a: Row, b: Row): Row => a.map((value, i) => value + (b[i] ?? Number.NaN));
const heads = (x: Row, count: number): Row[] => {
  const size = x.length / count;
  return Array.from({ length: count }, (_, head) => x.slice(head * size, (head + 1) * size));
};

/** Attention of one head's queries over keys and values by position. */
function attend(
  queries: readonly Row[],
  keys: readonly Row[],
  values: readonly Row[],
  scale: number,
  causal: boolean,
) {
  return queries.map((query, at) => {
    const scores = keys.map((key, j) =>
      causal && j > at ? -Infinity : scale * query.reduce((sum, value, i) => sum + value * (key[i] ?? 0), 0),
    );
    const largest = Math.max(...scores);
    const exponents = scores.map((score) => Math.exp(score - largest));
    const total = exponents.reduce((a, b) => a + b, 0);
    return (values[0] ?? []).map((_, i) =>
      values.reduce((sum, value, j) => sum + ((exponents[j] ?? 0) / total) * (value[i] ?? 0), 0),
    );
  });
}

/** All heads; query head h reads the key-value head h / (heads / keyValueHeads). */
function multiHead(
  q: readonly (readonly Row[])[],
  k: readonly (readonly Row[])[],
  v: readonly (readonly Row[])[],
  scale: number,
  causal: boolean,
): Row[] {
  const count = q[0]?.length ?? 0;
  const group = count / (k[0]?.length ?? 1);
  const column = (x: readonly (readonly Row[])[], head: number): Row[] => x.map((row) => row[head] ?? []);
  const byHead = Array.from({ length: count }, (_, head) => {
    const shared = Math.floor(head / group);
    return attend(column(q, head), column(k, shared), column(v, shared), scale, causal);
  });
  return q.map((_, at) => byHead.flatMap((head) => head[at] ?? []));
}

/** By the series whose terms are all of one sign, so that nothing cancels. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function activate(name: string, x: number): number {
  switch (name) {
    case "gelu":
      return (x / 2) * (1 + erf(x / Math.SQRT2));
    case "gelu_new":
    case "gelu_pytorch_tanh":
      return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "quick_gelu":
      return x / (1 + Math.exp(-1.702 * x));
    case "relu":
      return Math.max(x, 0);
    case "relu2":
      return Math.max(x, 0) ** 2;
    case "silu":
      return x / (1 + Math.exp(-x));
    default:
      throw new Error(`no activation ${name}`);
  }
}

interface PostNormNames {
  readonly layer: string;
  readonly attention: readonly [query: string, key: string, value: string, out: string, norm: string];
  readonly feed: readonly [up: string, down: string, norm: string];
}

function postNormBlock(
  net: Net,
  x: readonly Row[],
  names: PostNormNames,
  count: number,
  act: string,
  eps: number,
) {
  const at = (name: string): string => `${names.layer}.${name}`;
  const [query, key, value, out, norm] = names.attention;
  const project = (name: string): Row[][] => x.map((row) => heads(net.linear(at(name), row), count));
  const q = project(query);
  const size = q[0]?.[0]?.length ?? 0;
  const context = multiHead(q, project(key), project(value), 1 / Math.sqrt(size), false);
  const [up, down, feedNorm] = names.feed;
  return x.map((row, i) => {
    const attended = net.linear(at(out), context[i] ?? []);
    const middle = net.layerNorm(at(norm), add(attended, row), eps);
    const wide = net.linear(at(up), middle).map((value_) => activate(act, value_));
    return net.layerNorm(at(feedNorm), add(net.linear(at(down), wide), middle), eps);
  });
}

function bertLike(net: Net, name: string, { ids, types }: NaiveInput): Row[] {
  const eps = net.number("layer_norm_eps");
  const act = String(net.config["hidden_act"]);
  const width = name === "electra" ? net.number("embedding_size") : net.number("hidden_size");
  const first = name === "roberta" ? net.number("pad_token_id") + 1 : 0;
  const table = (part: string, at: number): Row =>
    net.row(`${name}.embeddings.${part}_embeddings`, at, width);
  let x = ids.map((id, at) => {
    const sum = add(
      add(table("word", id), table("position", at + first)),
      table("token_type", types[at] ?? 0),
    );
    const normed = net.layerNorm(`${name}.embeddings.LayerNorm`, sum, eps);
    return width === net.number("hidden_size") ? normed : net.linear("electra.embeddings_project", normed);
  });
  for (let layer = 0; layer < net.number("num_hidden_layers"); layer += 1) {
    const names: PostNormNames = {
      layer: `${name}.encoder.layer.${layer}`,
      attention: [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
      ],
      feed: ["intermediate.dense", "output.dense", "output.LayerNorm"],
    };
    x = postNormBlock(net, x, names, net.number("num_attention_heads"), act, eps);
  }
  const [dense, norm, decoder, bias, headAct] = {
    bert: [
      "cls.predictions.transform.dense",
      "cls.predictions.transform.LayerNorm",
      "cls.predictions.decoder",
      "cls.predictions.bias",
      act,
    ],
    roberta: ["lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias", "gelu"],
    electra: [
      "generator_predictions.dense",
      "generator_predictions.LayerNorm",
      "generator_lm_head",
      "generator_lm_head.bias",
      "gelu",
    ],
  }[name] as [string, string, string, string, string];
  const tied = net.flag("tie_word_embeddings", true);
  // Untied, BERT and RoBERTa add a bias that their vocabulary projection has to itself.
  const added = tied || name === "electra" ? bias : `${decoder}.bias`;
  const vocabulary = tied ? `${name}.embeddings.word_embeddings.weight` : `${decoder}.weight`;
  return x.map((row) => {
    const transformed = net.linear(dense, row).map((value) => activate(headAct, value));
    return add(net.linear("", net.layerNorm(norm, transformed, eps), vocabulary), [...net.tensor(added)]);
  });
}

function distil(net: Net, { ids }: NaiveInput): Row[] {
  const [width, act] = [net.number("dim"), String(net.config["activation"])];
  const embeddings = "distilbert.embeddings";
  let x = ids.map((id, at) => {
    const sum = add(
      net.row(`${embeddings}.word_embeddings`, id, width),
      net.row(`${embeddings}.position_embeddings`, at, width),
    );
    return net.layerNorm(`${embeddings}.LayerNorm`, sum, 1e-12);
  });
  for (let layer = 0; layer < net.number("n_layers"); layer += 1) {
    const names: PostNormNames = {
      layer: `distilbert.transformer.layer.${layer}`,
      attention: [
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        "sa_layer_norm",
      ],
      feed: ["ffn.lin1", "ffn.lin2", "output_layer_norm"],
    };
    x = postNormBlock(net, x, names, net.number("n_heads"), act, 1e-12);
  }
  const tied = net.flag("tie_word_embeddings", true);
  const vocabulary = tied ? `${embeddings}.word_embeddings.weight` : "vocab_projector.weight";
  return x.map((row) => {
    const transformed = net.linear("vocab_transform", row).map((value) => activate(act, value));
    return net.linear("vocab_projector", net.layerNorm("vocab_layer_norm", transformed, 1e-12), vocabulary);
  });
}

function gpt2(net: Net, { ids }: NaiveInput): Row[] {
  const [width, count] = [net.number("n_embd"), net.number("n_head")];
  const eps = net.number("layer_norm_epsilon");
  const act = String(net.config["activation_function"]);
  let x = ids.map((id, at) =>
    add(net.row("transformer.wte", id, width), net.row("transformer.wpe", at, width)),
  );
  for (let layer = 0; layer < net.number("n_layer"); layer += 1) {
    const at = (name: string): string => `transformer.h.${layer}.${name}`;
    const joint = x.map((row) => net.conv(at("attn.c_attn"), net.layerNorm(at("ln_1"), row, eps)));
    const part = (third: number): Row[][] =>
      joint.map((row) => heads(row.slice(third * width, (third + 1) * width), count));
    const byLayer = net.flag("scale_attn_by_inverse_layer_idx", false) ? layer + 1 : 1;
    const scale = (net.flag("scale_attn_weights", true) ? 1 / Math.sqrt(width / count) : 1) / byLayer;
    const context = multiHead(part(0), part(1), part(2), scale, true);
    x = x.map((row, i) => {
      const middle = add(row, net.conv(at("attn.c_proj"), context[i] ?? []));
      const wide = net.conv(at("mlp.c_fc"), net.layerNorm(at("ln_2"), middle, eps));
      return add(
        middle,
        net.conv(
          at("mlp.c_proj"),
          wide.map((value) => activate(act, value)),
        ),
      );
    });
  }
  const vocabulary = net.flag("tie_word_embeddings", true) ? "transformer.wte.weight" : "lm_head.weight";
  return x.map((row) => net.linear("lm_head", net.layerNorm("transformer.ln_f", row, eps), vocabulary));
}

function opt(net: Net, { ids }: NaiveInput): Row[] {
  const [width, count] = [net.number("hidden_size"), net.number("num_attention_heads")];
  const narrow = net.number("word_embed_proj_dim", width);
  const act = String(net.config["activation_function"]);
  const before = net.flag("do_layer_norm_before", true);
  const root = "model.decoder";
  const norm = (name: string, row: Row): Row => net.layerNorm(name, row, 1e-5);
  let x = ids.map((id, at) => {
    const word = net.row(`${root}.embed_tokens`, id, narrow);
    const wide = narrow === width ? word : net.linear(`${root}.project_in`, word);
    return add(wide, net.row(`${root}.embed_positions`, at + 2, width));
  });
  for (let layer = 0; layer < net.number("num_hidden_layers"); layer += 1) {
    const at = (name: string): string => `${root}.layers.${layer}.${name}`;
    const read = x.map((row) => (before ? norm(at("self_attn_layer_norm"), row) : row));
    const project = (name: string): Row[][] =>
      read.map((row) => heads(net.linear(at(`self_attn.${name}`), row), count));
    const context = multiHead(
      project("q_proj"),
      project("k_proj"),
      project("v_proj"),
      1 / Math.sqrt(width / count),
      true,
    );
    x = x.map((row, i) => {
      const sum = add(row, net.linear(at("self_attn.out_proj"), context[i] ?? []));
      const middle = before ? sum : norm(at("self_attn_layer_norm"), sum);
      const fed = before ? norm(at("final_layer_norm"), middle) : middle;
      const wide = net.linear(at("fc1"), fed).map((value) => activate(act, value));
      const total = add(middle, net.linear(at("fc2"), wide));
      return before ? total : norm(at("final_layer_norm"), total);
    });
  }
  const last = before && !net.flag("_remove_final_layer_norm", false);
  const vocabulary = net.flag("tie_word_embeddings", true) ? `${root}.embed_tokens.weight` : "lm_head.weight";
  return x.map((row) => {
    const normed = last ? norm(`${root}.final_layer_norm`, row) : row;
    return net.linear(
      "lm_head",
      narrow === width ? normed : net.linear(`${root}.project_out`, normed),
      vocabulary,
    );
  });
}

function llama(net: Net, { ids }: NaiveInput): Row[] {
  const width = net.number("hidden_size");
  const count = net.number("num_attention_heads");
  const shared = net.number("num_key_value_heads", count);
  const size = net.number("head_dim", net.config["model_type"] === "qwen3" ? 128 : width / count);
  const act = String(net.config["hidden_act"]);
  const { frequencies, factor } = naiveFrequencies(net, size);
  const rotated = (x: Row, position: number): Row =>
    x.map((value, i) => {
      const angle = position * (frequencies[i % (size / 2)] ?? 0);
      const other = i < size / 2 ? -(x[i + size / 2] ?? 0) : (x[i - size / 2] ?? 0);
      return factor * (value * Math.cos(angle) + other * Math.sin(angle));
    });
  let x = ids.map((id) => net.row("model.embed_tokens", id, width));
  for (let layer = 0; layer < net.number("num_hidden_layers"); layer += 1) {
    const at = (name: string): string => `model.layers.${layer}.${name}`;
    const read = x.map((row) => net.rmsNorm(at("input_layernorm"), row));
    const project = (name: string, parts: number): Row[][] =>
      read.map((row) => heads(net.linear(at(`self_attn.${name}_proj`), row), parts));
    const prepared = (name: string, parts: number): Row[][] =>
      project(name, parts).map((row, position) =>
        row.map((head) => {
          const normed =
            net.config["model_type"] === "qwen3" ? net.rmsNorm(at(`self_attn.${name}_norm`), head) : head;
          return rotated(normed, position);
        }),
      );
    const context = multiHead(
      prepared("q", count),
      prepared("k", shared),
      project("v", shared),
      1 / Math.sqrt(size),
      true,
    );
    x = x.map((row, i) => {
      const middle = add(row, net.linear(at("self_attn.o_proj"), context[i] ?? []));
      const fed = net.rmsNorm(at("post_attention_layernorm"), middle);
      const up = net.linear(at("mlp.up_proj"), fed);
      const gated = net
        .linear(at("mlp.gate_proj"), fed)
        .map((value, j) => activate(act, value) * (up[j] ?? 0));
      return add(middle, net.linear(at("mlp.down_proj"), gated));
    });
  }
  const vocabulary = net.flag("tie_word_embeddings", false) ? "model.embed_tokens.weight" : "lm_head.weight";
  return x.map((row) => net.linear("lm_head", net.rmsNorm("model.norm", row), vocabulary));
}

/** Rotary frequencies as the papers give them, in float64. */
function naiveFrequencies(net: Net, size: number): { frequencies: Row; factor: number } {
  const scaling = (net.config["rope_parameters"] ?? net.config["rope_scaling"] ?? {}) as Record<
    string,
    number
  >;
  const type = String(scaling["rope_type"] ?? scaling["type"] ?? "default");
  const theta = scaling["rope_theta"] ?? net.number("rope_theta", 10_000);
  const plain = Array.from({ length: size / 2 }, (_, i) => theta ** (-(2 * i) / size));
  const { factor = 1 } = scaling;
  const original = scaling["original_max_position_embeddings"] ?? 1;
  if (type === "linear") return { frequencies: plain.map((f) => f / factor), factor: 1 };
  if (type === "llama3") {
    const { low_freq_factor: low = 1, high_freq_factor: high = 4 } = scaling;
    const frequencies = plain.map((f) => {
      const wavelength = (2 * Math.PI) / f;
      if (wavelength < original / high) return f;
      if (wavelength > original / low) return f / factor;
      const smooth = (original / wavelength - low) / (high - low);
      return ((1 - smooth) * f) / factor + smooth * f;
    });
    return { frequencies, factor: 1 };
  }
  if (type === "yarn") {
    const dimension = (turns: number): number =>
      (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    const low = Math.max(Math.floor(dimension(scaling["beta_fast"] ?? 32)), 0);
    const high = Math.min(Math.ceil(dimension(scaling["beta_slow"] ?? 1)), size - 1);
    const frequencies = plain.map((f, i) => {
      const ramp = Math.min(Math.max((i - low) / (high === low ? 0.001 : high - low), 0), 1);
      return (f / factor) * ramp + f * (1 - ramp);
    });
    return {
      frequencies,
      factor: scaling["attention_factor"] ?? (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
    };
  }
  return { frequencies: plain, factor: 1 };
}
