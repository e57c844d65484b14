export const bytesToHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** @returns undefined if the text is not whole bytes of hex */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
