import { FILES_CACHED_MAX } from './limits';

/** Object URLs of files that only participants may read; the oldest are let go. */
export class Files {
  readonly #fetchBlob: (url: string) => Promise<Blob>;
  readonly #urls: Map<string, Promise<string>> = new Map();

  constructor(fetchBlob: (url: string) => Promise<Blob>) {
    this.#fetchBlob = fetchBlob;
  }

  open(url: string): Promise<string> {
    let found = this.#urls.get(url);
    if (found === undefined) {
      found = this.#fetchBlob(url).then((blob) => URL.createObjectURL(blob));
      found.catch(() => this.#urls.delete(url));
    }
    // To the end: least recently used first.
    this.#urls.delete(url);
    this.#urls.set(url, found);
    for (const [old, gone] of this.#urls) {
      if (this.#urls.size <= FILES_CACHED_MAX) break;
      this.#urls.delete(old);
      void gone.then((blob) => URL.revokeObjectURL(blob), () => {});
    }
    return found;
  }
}
