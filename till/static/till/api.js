// The public API, as any terminal asks it.

const SECONDS = 20;

/** Nobody answered, or somebody who cannot answer now: the same request may be sent again. */
export class Unreachable extends Error {
  constructor(message, after = 0) {
    super(message);
    this.after = after;
  }
}

/** The server failed at this request: it may be sent again, and others may be answered meanwhile. */
export class Failing extends Unreachable {}

/** The API answered a problem (RFC 9457): decide by `code`. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    Object.assign(this, { status, problem, code: problem.code ?? "" });
  }
}

/** Whether nobody is signed in, or no longer: the till is paired, and somebody has to type their PIN. */
export const isOfStaff = (problem) => /^staff-session-/.test(problem?.code ?? "");

export class Api {
  constructor({ base = "/api/v1", fetch: ask = (...given) => fetch(...given) } = {}) {
    Object.assign(this, { base, ask, token: "", session: "" });
  }

  get(path, query = {}) {
    const asked = new URLSearchParams(query).toString();
    return this.send("GET", asked ? `${path}?${asked}` : path);
  }

  page(path, accept) {
    return this.send("GET", path, { accept });
  }

  post(path, body, { key, session } = {}) {
    return this.send("POST", path, { body, key, session });
  }

  /** @throws {Unreachable} @throws {Refused} */
  async send(method, path, { body, key, accept = "application/json", session = this.session } = {}) {
    const headers = { Accept: accept, "X-Device-Time": new Date().toISOString() };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (session) headers["X-Staff-Session"] = session;
    if (key) headers["Idempotency-Key"] = key;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer, text;
    try {
      answer = await this.ask(this.base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(SECONDS * 1000),
      });
      text = await answer.text();
    } catch (error) {
      throw new Unreachable(error.name === "TimeoutError" ? "The server is slow to answer." : "No connection.");
    }
    const waits = Number(answer.headers.get("Retry-After")) || 0;
    if (answer.ok && accept !== "application/json") return text;
    const read = parsed(text);
    if (comesLater(answer.status, read, waits)) {
      const Kind = [429, 502, 503, 504].includes(answer.status) ? Unreachable : Failing;
      throw new Kind(`The server cannot answer now (${answer.status}).`, waits);
    }
    if (answer.ok && (read !== null || !text)) return read;
    if (!read) throw new Unreachable(`What answers is not the server (${answer.status}).`);
    throw new Refused(answer.status, read);
  }
}

/** Whether the same request may be answered later. Too many wrong PINs are a decision about who types them, which somebody must read. */
const comesLater = (status, problem, waits) =>
  status >= 500 || (status === 429 && problem?.code !== "pin-locked") || (waits > 0 && status === 409);

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
