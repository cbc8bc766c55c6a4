// UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits; within a millisecond the ids of this page still rise.

let last = 0;

export function newId(now = Date.now()) {
  const moment = Math.max(now, last + 1);
  last = moment;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 5, rest = moment; place >= 0; place -= 1) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
