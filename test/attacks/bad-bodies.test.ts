import { MIB } from '../support/object-store.ts';
import { describeRefused, problemOf, summaryOf } from '../support/refusing-shop.ts';

describeRefused('bodies', (scene, expectNothingChanged) => {
  const outpointText = (members: string) => `{"outpoint":{${members}}}`;
  const txid = 'ab'.repeat(32);
  const signature = `${'00'.repeat(31)}01`.repeat(2);
  const ok = outpointText(`"txid":"${txid}","vout":0`);

  /** The routes that take a body, with one that is good in form. */
  const withBody = () =>
    [
      ['refund', `/channels/${scene().proposed.channelId}/refund`, ok],
      ['funding', `/channels/${scene().proposed.channelId}/funding`, ok],
      [
        'commitments',
        `/channels/${scene().open.channelId}/commitments`,
        `{"k":1,"signature":"${signature}"}`,
      ],
    ] as const;

  const bytesOf = (text: string, ...bytes: number[]) =>
    Uint8Array.of(...new TextEncoder().encode(text), ...bytes);

  test('bodies that are no JSON, of any route that takes one', async () => {
    const bodies: [Uint8Array | string, string][] = [
      ['', 'body: is not JSON in UTF-8'],
      ['{', 'body: is not JSON in UTF-8'],
      ['outpoint=1', 'body: is not JSON in UTF-8'],
      ['{"outpoint":NaN}', 'body: is not JSON in UTF-8'],
      ["{'outpoint':1}", 'body: is not JSON in UTF-8'],
      [bytesOf('{"outpoint":"', 0xff, 0x22, 0x7d), 'body: is not JSON in UTF-8'],
      [bytesOf('{"outpoint":"', 0xc0, 0x80, 0x22, 0x7d), 'body: is not JSON in UTF-8'],
      ['['.repeat(16_000), 'body: is not JSON in UTF-8'],
      ['{"a":'.repeat(3_200), 'body: is not JSON in UTF-8'],
    ];
    for (const [, path] of withBody()) {
      const channel = path.includes(scene().open.channelId) ? scene().open : scene().proposed;
      for (const [body, detail] of bodies) {
        expect(summaryOf(await scene().send('POST', path, body, { channel }))).toBe(
          `400 malformed-request: ${detail}`,
        );
      }
    }
    for (const [body] of bodies) {
      expect(summaryOf(await scene().send('POST', '/channels', body, { channel: scene().proposed }))).toBe(
        '400 malformed-terms: the bytes are not RFC 8785 canonical JSON',
      );
    }
    await expectNothingChanged();
  });

  test('JSON of another shape: nested deep, too many or too few members, a member twice, other types', async () => {
    const deep = `${'['.repeat(8_000)}${']'.repeat(8_000)}`;
    const objects = `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`;
    for (const [, path, good] of withBody()) {
      const channel = path.includes(scene().open.channelId) ? scene().open : scene().proposed;
      const twice = good.replace(/^\{("\w+":)/, '{$10,$1');
      const extra = good.replace(/\}$/, ',"extra":1}');
      for (const body of [deep, objects, 'null', '[]', '{}', '1', '"text"', `[${good}]`, extra, twice]) {
        const answer = problemOf(await scene().send('POST', path, body, { channel }));
        expect([answer.status, answer.name]).toEqual([400, 'malformed-request']);
      }
      expect(summaryOf(await scene().send('POST', path, twice, { channel }))).toBe(
        '400 malformed-request: body: has a member twice',
      );
    }
    for (const body of [deep, objects, 'null', '[]', '{}']) {
      expect(
        problemOf(await scene().send('POST', '/channels', body, { channel: scene().proposed })).name,
      ).toBe('malformed-terms');
    }
    await expectNothingChanged();
  });

  test('outpoints and commitments of wrong types and out of range', async () => {
    const outpoints = [
      `"txid":"${txid}"`,
      `"txid":"${txid}","vout":"0"`,
      `"txid":"${txid}","vout":-1`,
      `"txid":"${txid}","vout":0.5`,
      `"txid":"${txid}","vout":1e99`,
      `"txid":"${txid}","vout":null`,
      `"txid":"${txid}","vout":12001`,
      `"txid":"${txid.toUpperCase()}","vout":0`,
      `"txid":"${txid}00","vout":0`,
      `"txid":"${txid.slice(2)}","vout":0`,
      `"txid":["${txid}"],"vout":0`,
      `"txid":"${txid}","vout":0,"value":1`,
      `"txid":"${txid}","vout":0,"vout":1`,
      `"txid":"${txid}","vout":0,"v\\u006fut":1`,
    ];
    for (const members of outpoints) {
      for (const step of ['refund', 'funding']) {
        const path = `/channels/${scene().proposed.channelId}/${step}`;
        const answer = problemOf(
          await scene().send('POST', path, outpointText(members), { channel: scene().proposed }),
        );
        expect([members, answer.status, answer.name]).toEqual([members, 400, 'malformed-request']);
      }
    }
    const commitments = [
      `"k":"1","signature":"${signature}"`,
      `"k":0,"signature":"${signature}"`,
      `"k":-1,"signature":"${signature}"`,
      `"k":1.5,"signature":"${signature}"`,
      `"k":100001,"signature":"${signature}"`,
      `"k":1`,
      `"k":1,"signature":"${signature}00"`,
      `"k":1,"signature":"${signature.slice(1)}g"`,
      `"k":1,"signature":null`,
      `"k":1,"k":2,"signature":"${signature}"`,
    ];
    for (const members of commitments) {
      const answer = problemOf(
        await scene().send('POST', `/channels/${scene().open.channelId}/commitments`, `{${members}}`),
      );
      expect([members, answer.status, answer.name]).toEqual([members, 400, 'malformed-request']);
    }
    await expectNothingChanged();
  });

  test('bodies larger than any request needs to be', async () => {
    const spaces = ' '.repeat(16 * 1024);
    for (const path of [
      '/channels',
      ...withBody().map(([, path]) => path),
      `/channels/${scene().open.channelId}/close`,
    ]) {
      expect(summaryOf(await scene().send('POST', path, `{}${spaces}`, { channel: scene().open }))).toMatch(
        /^413 body-too-large: 16386 bytes$/,
      );
    }
    // Beyond its own ten megabytes API Gateway answers itself.
    const huge = await scene().send('POST', '/channels', new Uint8Array(10 * MIB + 1).fill(32));
    expect([huge.status, huge.body]).toEqual([413, '{"message":"Request Too Long"}']);
    await expectNothingChanged();
  });
});
