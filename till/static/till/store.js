// What must outlive a reload, in IndexedDB: named values (the pairing, the sale at hand), and commands by their sequence.

const NAME = "till";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function openStore(name = NAME) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("values");
    opening.result.createObjectStore("commands", { keyPath: "sequence" });
  };
  return new Store(await done(opening));
}

class Store {
  /** `lost()` is called when the browser has closed the database under the page. */
  constructor(database) {
    Object.assign(this, { database, lost: () => {} });
    database.onclose = () => this.lost();
  }

  get(name) {
    return done(this.database.transaction("values").objectStore("values").get(name));
  }

  commands() {
    return done(this.database.transaction("commands").objectStore("commands").getAll());
  }

  /** Write values and commands, and remove commands, in one transaction that is on the disk when this returns. */
  async write(changes) {
    try {
      await this.written(changes);
    } catch (error) {
      if (error.name === "InvalidStateError") this.lost();
      throw error;
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
