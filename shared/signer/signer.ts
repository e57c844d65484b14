/** The seller's key B, wherever it is kept. */
export interface Signer {
  /** 33 bytes, compressed. */
  publicKey(): Promise<Uint8Array>;
  /**
   * @param digest 32 bytes, signed as they are
   * @returns 64 bytes r ‖ s, low-S
   */
  sign(digest: Uint8Array): Promise<Uint8Array>;
}
