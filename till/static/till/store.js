// What must outlive a reload, in IndexedDB: named values (the pairing, the sale at hand), and commands by their sequence.

const NAME = "till";

/** The browser keeps nothing: what was to be written is not. */
export class NotKept extends Error {}

const FULL = "This browser cannot keep what is done here: its storage is full, or blocked. Free space on this device, or allow it, then try again.";
export const LOST = "The browser has deleted what this till keeps: load the page again.";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @throws {NotKept} where the browser has no database for this page. */
export async function openStore(name = NAME) {
  try {
    return await opened(name);
  } catch (error) {
    throw new NotKept(FULL, { cause: error });
  }
}

async function opened(name) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("values");
    opening.result.createObjectStore("commands", { keyPath: "sequence" });
  };
  return new Store(await done(opening));
}

class Store {
  /** `lost()` is called when the browser has closed the database under the page, `full(text)` when it does not write. */
  constructor(database) {
    Object.assign(this, { database, lost: () => {}, full: () => {} });
    database.onclose = () => this.lost();
  }

  get(name) {
    return done(this.database.transaction("values").objectStore("values").get(name));
  }

  commands() {
    return done(this.database.transaction("commands").objectStore("commands").getAll());
  }

  /**
   * Write values and commands, and remove commands, in one transaction that is on the disk when this returns.
   * @throws {NotKept} when nothing of it is written.
   */
  async write(changes) {
    try {
      await this.written(changes);
    } catch (error) {
      const lost = error?.name === "InvalidStateError";
      if (lost) this.lost();
      else this.full(FULL);
      throw new NotKept(lost ? LOST : FULL, { cause: error });
    }
  }

  written({ values = {}, put = [], remove = [] }) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(["values", "commands"], "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      for (const [name, value] of Object.entries(values)) transaction.objectStore("values").put(value, name);
      for (const command of put) transaction.objectStore("commands").put(command);
      for (const sequence of remove) transaction.objectStore("commands").delete(sequence);
    });
  }

  close() {
    this.database.close();
  }
}
