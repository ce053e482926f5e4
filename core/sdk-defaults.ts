/** A variable that an SDK reads, and what the SDK does when it is not set. `host`: where it then sends;
 *  null: nowhere. `source`: where that is written. */
export interface SdkDefault {
  host: string | null;
  source: string;
}

export const sdkDefaults: Readonly<Record<string, SdkDefault>> = {
  DD_SITE: {
    host: "datadoghq.com",
    source: "docs.datadoghq.com/getting_started/site; DataDog/dd-trace-js supported-configurations.json",
  },
  OPENAI_BASE_URL: {
    host: "api.openai.com",
    source: "openai/openai-node src/client.ts; developers.openai.com/api/docs/guides/data-residency",
  },
  ANTHROPIC_BASE_URL: {
    host: "api.anthropic.com",
    source: "anthropics/anthropic-sdk-typescript src/client.ts",
  },
  OPENROUTER_BASE_URL: {
    host: "openrouter.ai",
    source: "OpenRouterTeam/typescript-sdk src/lib/config.ts",
  },
  // The host is inside the DSN, and without one nothing is sent.
  SENTRY_DSN: { host: null, source: "docs.sentry.io, configuration options, dsn" },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    host: "localhost",
    source: "opentelemetry.io/docs/specs/otel/protocol/exporter, endpoint options",
  },
};

/** Jurisdictions of the hosts that SDKs are pointed at; a name stands for all names under it. "global": the
 *  vendor picks a place, and promises none. Sources: each vendor's page named above, and
 *  docs.sentry.io/ip-ranges; honeycombio/honeycomb-opentelemetry-node src/honeycomb-options.ts;
 *  PostHog/posthog-js packages/node/src/client.ts; mailgun/mailgun.js lib/Classes/MailgunClient.ts;
 *  sendgrid/sendgrid-nodejs packages/client/src/classes/client.js; segmentio/analytics-next
 *  packages/node/src/plugins/segmentio/publisher.ts; launchdarkly.com/docs/home/infrastructure/eu. */
export const sdkHosts: Readonly<Record<string, readonly string[]>> = {
  "datadoghq.com": ["US"],
  "us3.datadoghq.com": ["US"],
  "us5.datadoghq.com": ["US"],
  "datadoghq.eu": ["EU"],
  "ap1.datadoghq.com": ["JP"],
  "ap2.datadoghq.com": ["AU"],
  "uk1.datadoghq.com": ["UK"],
  "ddog-gov.com": ["US"],
  "browser-intake-datadoghq.com": ["US"],
  "browser-intake-datadoghq.eu": ["EU"],
  "api.openai.com": ["global"],
  "us.api.openai.com": ["US"],
  "eu.api.openai.com": ["EU"],
  "au.api.openai.com": ["AU"],
  "in.api.openai.com": ["IN"],
  "jp.api.openai.com": ["JP"],
  "api.anthropic.com": ["global"],
  "openrouter.ai": ["global"],
  "eu.openrouter.ai": ["EU"],
  "us.openrouter.ai": ["US"],
  "sentry.io": ["US"],
  "us.sentry.io": ["US"],
  "de.sentry.io": ["EU"],
  "api.honeycomb.io": ["US"],
  "api.eu1.honeycomb.io": ["EU"],
  "us.i.posthog.com": ["US"],
  "eu.i.posthog.com": ["EU"],
  "api.mailgun.net": ["US"],
  "api.eu.mailgun.net": ["EU"],
  "smtp.mailgun.org": ["US"],
  "smtp.eu.mailgun.org": ["EU"],
  "api.sendgrid.com": ["US"],
  "api.eu.sendgrid.com": ["EU"],
  "smtp.sendgrid.net": ["US"],
  "smtp.eu.sendgrid.net": ["EU"],
  "api.segment.io": ["US"],
  "events.eu1.segmentapis.com": ["EU"],
  "events.launchdarkly.com": ["US"],
  "sdk.launchdarkly.com": ["US"],
  "sdk.eu.launchdarkly.com": ["EU"],
};
