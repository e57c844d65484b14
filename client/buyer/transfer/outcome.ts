/** What a worker is asked to do and what it answers: small messages, never the data. Sizes and places are bytes. */

/** A run of bytes of one file of the dataset. */
export interface FilePiece {
  /** Within the output folder, as the manifest names it. */
  readonly path: string;
  /** The whole file's. */
  readonly size: number;
  readonly offset: number;
  readonly length: number;
}

/** Where a segment's bytes lie on the disk. */
export interface SegmentPlace {
  /** The output folder, where finished files are. */
  readonly output: string;
  /** The folder of unfinished ones. */
  readonly partial: string;
  /** In the segment's order, without gaps. */
  readonly pieces: readonly FilePiece[];
}

export interface SegmentFetch {
  readonly url: string;
  /** Of the whole object. */
  readonly objectSize: number;
  /** Where the segment begins in the object. */
  readonly start: number;
  readonly length: number;
  /** Bytes from the segment's start that are on the disk: only the rest is fetched. */
  readonly held: number;
  /** By a connection that fetched nothing yet. */
  readonly newConnection: boolean;
  readonly place: SegmentPlace;
}

/** What the disk holds of a segment. */
export interface Held {
  /** SHA-256 of the segment, hex; undefined where the disk holds less than all of it. */
  readonly hash: string | undefined;
  /** Bytes from the start up to the last one that is not zero: an interrupted transfer wrote no more. */
  readonly length: number;
}

export type FetchOutcome =
  /** All of it is in the files. `hash` is SHA-256 of what came, hex. */
  | { readonly kind: 'received'; readonly hash: string }
  /** Worth another try, from where it broke off. */
  | { readonly kind: 'broken'; readonly reason: string; readonly busy: boolean; readonly held: number }
  /** The link starts no new transfer: expired, or used up. A new one is free. */
  | { readonly kind: 'link-ended'; readonly reason: string; readonly held: number }
  /** An answer that no repetition will better. */
  | { readonly kind: 'refused'; readonly reason: string; readonly held: number };
