/** The shop as it runs: its functions behind the gateway, and the schedule. */
export { handler as settleChannels } from '../../functions/settle-channels.ts';
export { startGateway } from '../../local/gateway.ts';
