import * as v from 'valibot';

/** What DynamoDB's attributes hold, as schemas: an item of another form fails where it is read. Satoshis are numbers of any size. */
export const text = v.pipe(
  v.object({ S: v.string() }),
  v.transform(({ S }) => S),
);
export const bool = v.pipe(
  v.object({ BOOL: v.boolean() }),
  v.transform(({ BOOL }) => BOOL),
);
export const bytes = v.pipe(
  v.object({ B: v.instance(Uint8Array) }),
  v.transform(({ B }) => new Uint8Array(B)),
);
export const integer = v.pipe(
  v.object({ N: v.pipe(v.string(), v.digits()) }),
  v.transform(({ N }) => Number(N)),
);
export const satoshis = v.pipe(
  v.object({ N: v.pipe(v.string(), v.digits()) }),
  v.transform(({ N }) => BigInt(N)),
);
export const map = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.object({ M: v.object(entries) }),
    v.transform(({ M }) => M),
  );
export const list = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(
    v.object({ L: v.array(schema) }),
    v.transform(({ L }) => L),
  );
