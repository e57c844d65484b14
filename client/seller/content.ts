import type { SizedFile, Span } from '../../shared/dataset/layout.ts';
import type { PartTarget, StoredPart } from '../../shared/dataset/objects.ts';

/** What is published: files laid end to end, wherever they are, whose bytes can be asked for more than once. */
export interface Content {
  /** What a dataset of it is called where nobody says otherwise. */
  readonly name: string;
  /** Tells it from everything else that one may publish. */
  readonly place: string;
  readonly files: readonly SizedFile[];
  /** The same as long as none of the files changes. */
  readonly fingerprint: string;
  /** Whether its bytes go through this machine, so that it can be hashed without being stored. */
  readonly readable: boolean;
  /** Goes through all of it once. */
  passage(memory: HashMemory): Passage;
  /** Bytes that go through this machine when a span is sent. */
  transferred(span: Span): number;
  /** @throws PublishRefused where a file is not as it was listed */
  checkUnchanged(): Promise<void>;
}

/** What earlier passages found out. */
export interface HashMemory {
  /** SHA-256 of whole files, by index. */
  readonly hashed: ReadonlyMap<number, Uint8Array>;
  remember(hashes: readonly (readonly [file: number, sha256: Uint8Array])[]): Promise<void>;
}

/** Every span is asked for in its turn: a file's own hash can only be made from its first byte to its last. */
export interface Passage {
  /** @throws PublishRefused where a file is not as it was listed */
  take(span: Span): Promise<TakenSpan>;
  /** The store has the span; it is read only where a file's hash needs it. */
  pass(span: Span): Promise<void>;
  /** At the end: SHA-256 of every file, raw; undefined where the bytes never came here. */
  fileHashes(): readonly Uint8Array[] | undefined;
}

/** A span of which exactly one of these is asked. */
export interface TakenSpan {
  hash(): Promise<Uint8Array>;
  /**
   * Brings it into the store as one part.
   * @param there the part that the store has already, of which it is not known whether it is this span
   * @throws UploadLost, PublishRefused where a file is not as it was listed
   */
  send(target: PartTarget, there: StoredPart | undefined): Promise<StoredPart>;
}
