import * as dynamo from '@aws-sdk/client-dynamodb';
import type { Mortal } from './mortal.ts';

const WRITES = [dynamo.PutItemCommand, dynamo.UpdateItemCommand, dynamo.DeleteItemCommand];

/** DynamoDB's client for a process: every write is a durable step of it. */
export function mortalDynamo(process: Mortal, config: dynamo.DynamoDBClientConfig): unknown {
  class MortalClient {
    private readonly client = new dynamo.DynamoDBClient(config);
    readonly middlewareStack = this.client.middlewareStack;

    send(command: Parameters<dynamo.DynamoDBClient['send']>[0]): Promise<unknown> {
      const send = () => this.client.send(command);
      if (!WRITES.some((write) => command instanceof write)) return process.alive(send);
      return process.step(describe(command), send);
    }
  }
  return { ...dynamo, DynamoDBClient: MortalClient };
}

function describe(command: { readonly input: object }): string {
  const {
    Key,
    Item,
    UpdateExpression = '',
  } = command.input as Partial<dynamo.UpdateItemInput & dynamo.PutItemInput>;
  const key = (Item ?? Key)?.pk?.S ?? '';
  return `${Item ? 'put' : 'update'} ${key.replace(/#.*/, '')} ${UpdateExpression}`.trim();
}
