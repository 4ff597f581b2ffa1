import type { ProviderRequest } from '../../src/providers/provider.ts';
import type { UnsignedCall } from './subject.ts';

/** The channel that the contract gives a provider: the one under whose webhook all recorded calls came. */
export function channelOf(provider: string) {
  const key = `${provider}-main`;
  return { key, webhookUrl: `https://sms.example.com/webhooks/${key}`, addresses: ['+14155550100'] };
}

/** A call as the webhook of the provider's channel sees it, from this machine. */
export function requestOf(
  provider: string,
  { method = 'POST', query = '', headers, body }: UnsignedCall,
): ProviderRequest {
  const url = channelOf(provider).webhookUrl + query;
  return { method, url, headers, body: Buffer.from(body), remoteAddress: '127.0.0.1' };
}
