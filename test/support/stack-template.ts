import { rmSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { readInfraConfig } from '../../infra/config.ts';
import { ShopStack } from '../../infra/shop-stack.ts';
import { CONTEXT } from './stack-contexts.ts';

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are of every form
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
  readonly Metadata?: { readonly 'aws:cdk:path'?: string };
}

export interface StackTemplate {
  readonly text: string;
  /** By logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  ofType(type: string): readonly Resource[];
  only(type: string): Resource;
  /** The resource of a construct's path. */
  named(path: string): Resource;
  /** A construct's path without the stack's name and the resource's: `get-shop/Function`. */
  pathOf(logicalId: string): string;
  /** A value with every reference as the path of what it names. */
  readable(value: unknown): string;
}

/** Synthesised without the bundles. */
export function synthesise(context: Readonly<Record<string, unknown>> = CONTEXT): StackTemplate {
  const app = new App({
    context: {
      ...context,
      'aws:cdk:enable-path-metadata': true,
      // One for each construct, mapped back to its source by jest: most of the time that a synthesis takes.
      'aws:cdk:disable-stack-trace': true,
    },
  });
  new ShopStack(app, 'Shop', {
    config: readInfraConfig((name) => context[name]),
    codeOf: (name) => Code.fromInline(`// ${name}`),
  });
  const assembly = app.synth();
  const json = assembly.getStackByName('Shop').template;
  // A folder of its own among the system's temporary ones, which nobody else takes away.
  rmSync(assembly.directory, { recursive: true });
  const resources: Record<string, Resource> = json.Resources;

  const pathOf = (logicalId: string): string => {
    const path = resources[logicalId]?.Metadata?.['aws:cdk:path'];
    return path === undefined ? logicalId : path.replace(/^Shop\//, '').replace(/\/Resource$/, '');
  };
  const readable = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return String(value);
    if ('Ref' in value) return pathOf(String(value.Ref));
    if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return pathOf(value['Fn::GetAtt'][0]);
    if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
      return value['Fn::Join'][1].map(readable).join(value['Fn::Join'][0]);
    }
    return JSON.stringify(value);
  };
  const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);
  return {
    text: JSON.stringify(json),
    resources,
    outputs: json.Outputs,
    ofType,
    only(type) {
      const [first, ...more] = ofType(type);
      if (!first || more.length > 0) throw new Error(`${more.length + 1} resources of ${type}`);
      return first;
    },
    named(path) {
      const [, found] = Object.entries(resources).find(([id]) => pathOf(id) === path) ?? [];
      if (!found) throw new Error(`no resource ${path}`);
      return found;
    },
    pathOf,
    readable,
  };
}
