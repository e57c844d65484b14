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

/** A part that the store has, and what it needs to be named by at the end. */
export interface StoredPart {
  readonly tag: string;
  readonly sha256: Uint8Array;
}

/** Where a part goes. Parts are numbered from 1. */
export interface PartTarget {
  readonly key: string;
  readonly upload: string;
  readonly number: number;
}

/** An object of any bucket, as it was when it was looked at. */
export interface SourceObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  /** Changes whenever the object's bytes do. */
  readonly tag: string;
}

/** The store has given an upload up, or never had it. */
export class UploadLost extends Error {
  override readonly name = 'UploadLost';
}

/** An object is no longer what it was when it was looked at. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

/** For publishing. The store checks every hash against the bytes that arrive and refuses others. */
export interface ObjectUploader {
  /** Stores a small object whole. @returns its version */
  put(key: string, bytes: Uint8Array, sha256: Uint8Array): Promise<string>;
  /** @returns the upload's id */
  startParts(key: string): Promise<string>;
  /** @returns the part's tag @throws UploadLost */
  putPart(target: PartTarget, bytes: Uint8Array, sha256: Uint8Array): Promise<string>;
  /**
   * Has the store copy a run of an object's bytes into a part, hashing them itself.
   * @param range left out for the whole object
   * @throws UploadLost, SourceChanged
   */
  copyPart(
    target: PartTarget,
    source: SourceObject,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<StoredPart>;
  /** The parts an unfinished upload has, by number; undefined where there is no such upload. */
  listParts(
    key: string,
    upload: string,
  ): Promise<ReadonlyMap<number, StoredPart & { readonly size: number }> | undefined>;
  /** The unfinished uploads of keys that begin with this. */
  listUploads(prefix: string): Promise<readonly { readonly key: string; readonly upload: string }[]>;
  /** @param parts in order. @returns the object's version @throws UploadLost */
  finishParts(
    key: string,
    upload: string,
    parts: readonly StoredPart[],
    composite: Uint8Array,
  ): Promise<string>;
  /** Gives an unfinished upload up; does nothing where there is none. */
  abortParts(key: string, upload: string): Promise<void>;
  /** The newest version of an object, or undefined where there is none. */
  latestVersion(key: string): Promise<string | undefined>;
}

/** Objects that are to be published, of any bucket that may be read. */
export interface ObjectSource {
  /** @returns undefined where there is no such object */
  find(bucket: string, key: string): Promise<SourceObject | undefined>;
  /** Every object whose key begins with this. */
  list(bucket: string, prefix: string): Promise<readonly SourceObject[]>;
  /**
   * Reads into `target` as many bytes as it holds.
   * @throws SourceChanged
   */
  read(source: SourceObject, offset: number, target: Uint8Array): Promise<void>;
}

/** A bucket of pages. */
export interface SiteStore {
  /**
   * @param key without a slash at the beginning
   * @param headers that a browser gets with it
   */
  put(
    key: string,
    bytes: Uint8Array,
    headers: { readonly type: string; readonly cache: string },
  ): Promise<void>;
}
