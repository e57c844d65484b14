/** Ways in which a transfer ends without its bytes. What the messages say follows "The object store …". */

/** A transfer that broke off, or a server that is overloaded: worth another try. */
export class TransferBroken extends Error {
  override readonly name: string = 'TransferBroken';
  /** The server asks for fewer requests. */
  readonly busy: boolean;

  constructor(message: string, details: { readonly busy?: boolean; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.busy = details.busy ?? false;
  }
}

/** The other side closed the connection, which it may do at any moment to one that waits for work. */
export class ConnectionLost extends TransferBroken {
  override readonly name = 'ConnectionLost';
}

/** A link that starts no new transfer: expired, or used up. */
export class LinkEnded extends Error {
  override readonly name = 'LinkEnded';
}

/** An answer that is not what was asked for, and will not be if it is asked for again. */
export class AnswerRefused extends Error {
  override readonly name: string = 'AnswerRefused';
}

/** All of an object came for a range of it; some proxies strip the header that asks for less. */
export class RangeIgnored extends AnswerRefused {
  override readonly name = 'RangeIgnored';
}
