// Reads recordings by Foxglove's parsers and by @mcap/core.
//
// read.js FILE.mcap EXPECTED.jsonl   compares every leaf of every message with what the example random_recording wrote
// read.js --check FILE.mcap          decodes every message, and prints the topics
//
// It exits with 1 at the first difference, and says where it is.

import { open, readFile } from "node:fs/promises";
import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { McapIndexedReader } from "@mcap/core";

const NAME = "foxglove";

function fail(text) {
  console.error(`${NAME}: ${text}`);
  process.exit(1);
}

async function* messages(path) {
  const file = await open(path);
  const readable = {
    size: async () => BigInt((await file.stat()).size),
    read: async (offset, size) => {
      const bytes = new Uint8Array(Number(size));
      await file.read(bytes, 0, bytes.length, Number(offset));
      return bytes;
    },
  };
  const reader = await McapIndexedReader.Initialize({ readable });
  const readers = new Map();
  for await (const message of reader.readMessages()) {
    const channel = reader.channelsById.get(message.channelId);
    if (channel.messageEncoding !== "cdr") {
      continue;
    }
    const schema = reader.schemasById.get(channel.schemaId);
    if (!readers.has(schema.id)) {
      const text = new TextDecoder().decode(schema.data);
      readers.set(schema.id, new MessageReader(parse(text, { ros2: true })));
    }
    const decoder = readers.get(schema.id);
    const value = decoder.readMessage(message.data);
    if (decoder.lastReadHadTrailingBytes()) {
      fail(`${channel.topic}: only ${decoder.lastReadByteLength()} of ${message.data.length} bytes are read`);
    }
    yield [channel.topic, value];
  }
  await file.close();
}

// Yields the path and the value of each leaf, and the length of each list before its elements.
function* leaves(value, path = "") {
  if (value === null || typeof value !== "object") {
    yield [path, value];
  } else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    yield [path, { len: value.length }];
    for (let at = 0; at < value.length; at++) {
      yield* leaves(value[at], `${path}[${at}]`);
    }
  } else if (Object.keys(value).length === 0) {
    // A message without fields has this one, which is left out here.
    yield [path === "" ? "structure_needs_at_least_one_member" : path, 0];
  } else {
    for (const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, path === "" ? name : `${path}.${name}`);
    }
  }
}

function shown(value, kind) {
  if (kind === "n") {
    return typeof value === "object" ? String(value.len) : `no list: ${value}`;
  }
  if (typeof value === "object") {
    return `a list of ${value.len}`;
  }
  if (kind === "f4" || kind === "f8") {
    const size = Number(kind[1]);
    const view = new DataView(new ArrayBuffer(size));
    size === 4 ? view.setFloat32(0, value) : view.setFloat64(0, value);
    return (size === 4 ? BigInt(view.getUint32(0)) : view.getBigUint64(0)).toString(16).padStart(2 * size, "0");
  }
  return typeof value === "boolean" ? String(Number(value)) : String(value);
}

// JavaScript has one NaN, and does not say which bits it keeps.
function isSame(kind, value, text) {
  if (kind === "f4" || kind === "f8") {
    const bits = BigInt(`0x${text}`);
    const [exponent, mantissa] = kind === "f4" ? [0xffn << 23n, (1n << 23n) - 1n] : [0x7ffn << 52n, (1n << 52n) - 1n];
    if ((bits & exponent) === exponent && (bits & mantissa) !== 0n) {
      return Number.isNaN(value);
    }
  }
  return shown(value, kind) === text;
}

function isAt(path, expected) {
  const [found, wanted] = [path.split("."), expected.split(".")];
  const index = (name) => (name.includes("[") ? name.slice(name.indexOf("[")) : "");
  const isOne = (name, pattern) => name === pattern || (pattern.startsWith("*") && index(name) === index(pattern));
  return found.length === wanted.length && found.every((name, at) => isOne(name, wanted[at]));
}

async function compare(path, lines) {
  const expected = (await readFile(lines, "utf8")).trimEnd().split("\n");
  let [at, count] = [0, 0];
  for await (const [topic, message] of messages(path)) {
    const wanted = at < expected.length ? JSON.parse(expected[at]) : undefined;
    if (wanted?.topic !== topic) {
      fail(`a message of ${topic} where ${wanted?.topic} is expected`);
    }
    const found = [...leaves(message)];
    wanted.leaves.forEach(([place, kind, text], leaf) => {
      const where = `${topic} ${place} of \`${wanted.type}\``;
      if (leaf >= found.length) {
        fail(`${where}: expected ${text}, and there are only ${found.length} leaves`);
      }
      const [foundAt, value] = found[leaf];
      if (!isAt(foundAt, place)) {
        fail(`${where}: expected there, found ${foundAt}`);
      }
      if (!isSame(kind, value, text)) {
        fail(`${where}: expected ${kind} ${text}, found ${shown(value, kind)}`);
      }
    });
    if (found.length > wanted.leaves.length) {
      fail(`${topic} has a leaf more: ${found[wanted.leaves.length][0]}`);
    }
    at += 1;
    count += found.length;
  }
  if (at < expected.length) {
    fail(`messages are missing after ${at}`);
  }
  console.log(`${NAME}: ${at} messages, ${count} leaves, all equal`);
}

async function check(path) {
  const topics = new Map();
  let [at, count] = [0, 0];
  for await (const [topic, message] of messages(path)) {
    topics.set(topic, (topics.get(topic) ?? 0) + 1);
    at += 1;
    count += [...leaves(message)].length;
  }
  console.log(`${NAME}: ${at} messages, ${count} leaves, all decoded`);
  for (const topic of [...topics.keys()].sort()) {
    console.log(`  ${topic}: ${topics.get(topic)}`);
  }
}

const [first, second] = process.argv.slice(2);
if (second === undefined) {
  fail("usage: read.js FILE.mcap EXPECTED.jsonl, or read.js --check FILE.mcap");
}
await (first === "--check" ? check(second) : compare(first, second));
