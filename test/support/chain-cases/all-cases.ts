import type { ChainCase } from './chain-case.ts';
import { chainHistoryCases } from './chain-history-cases.ts';
import { feeCases } from './fee-cases.ts';
import { finalityCases } from './finality-cases.ts';
import { formCases } from './form-cases.ts';
import { hashTypeCases } from './hash-type-cases.ts';
import { outputCases } from './output-cases.ts';
import { reorgCases } from './reorg-cases.ts';
import { replacementCases } from './replacement-cases.ts';
import { scriptCases } from './script-cases.ts';
import { trucCases } from './truc-cases.ts';

/** In this order: the last ones take blocks off the chain. */
export const caseGroups: readonly (readonly [theme: string, cases: readonly ChainCase[]])[] = [
  ['finality', finalityCases],
  ['form', formCases],
  ['outputs and dust', outputCases],
  ['fees', feeCases],
  ['scripts and signatures', scriptCases],
  ['hash types', hashTypeCases],
  ['version 3', trucCases],
  ['replacement', replacementCases],
  ['double spends and coinbases', chainHistoryCases],
  ['reorgs', reorgCases],
];
