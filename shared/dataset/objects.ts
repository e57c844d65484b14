/** What the shop and its seller want of an object store that keeps versions. Sizes are bytes, hashes raw SHA-256. */

/** For the shop's functions. */
export interface ObjectLinks {
  /**
   * A link that downloads one version of one object and nothing else. It is a bearer token: never log it.
   * @returns the link, and the unix second after which it starts no new transfer
   */
  link(key: string, versionId: string): Promise<{ readonly url: string; readonly expiresAt: number }>;
}

export interface ObjectPart {
  readonly size: number;
  readonly sha256: Uint8Array;
}

/** What the store itself knows of an object's content. */
export interface ObjectDescription {
  readonly size: number;
  readonly parts: readonly ObjectPart[];
  /** SHA-256 over the parts' hashes. */
  readonly composite: Uint8Array;
}

export interface ObjectInspector {
  /** @returns undefined where there is no such version, or it was not uploaded in parts with SHA-256 */
  describe(key: string, versionId: string): Promise<ObjectDescription | undefined>;
}

/** For publishing. The store checks every hash against the bytes that arrive and refuses others. */
export interface ObjectUploader {
  /** Stores a small object whole. @returns its version */
  put(key: string, bytes: Uint8Array, sha256: Uint8Array): Promise<string>;
  /** @returns the upload's id */
  startParts(key: string): Promise<string>;
  /** @param number from 1. @returns the part's tag, wanted at the end */
  putPart(
    key: string,
    upload: string,
    number: number,
    bytes: Uint8Array,
    sha256: Uint8Array,
  ): Promise<string>;
  /** @param parts in order. @returns the object's version */
  finishParts(
    key: string,
    upload: string,
    parts: readonly { readonly tag: string; readonly sha256: Uint8Array }[],
    composite: Uint8Array,
  ): Promise<string>;
  /** Gives an unfinished upload up; does nothing where there is none. */
  abortParts(key: string, upload: string): Promise<void>;
}
