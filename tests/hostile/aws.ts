import { answer, answers, overTls } from "./s3.ts";
import type { Behaviour } from "./servers.ts";
import { attack, fakeCanary } from "./wire.ts";

/** Hostile endpoints of SQS, SNS, RDS and AWS Backup, with a certificate that the clients trust. Whatever HTTP can do
 *  to an AWS client is done by the S3 ones. */

const escaped = attack.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
const json = (status: string, value: unknown) => answer(status, JSON.stringify(value));
const xml = (code: string, text: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error></ErrorResponse>`;
/** No request id: a proxy's, whatever it says. */
const unsigned = (status: string, body: string) =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );

const message = { MessageId: attack, ReceiptHandle: attack, Body: attack, MD5OfBody: attack };
const snapshot = `<DBSnapshot><DBSnapshotIdentifier>${escaped}</DBSnapshotIdentifier><DBSnapshotArn>${escaped}</DBSnapshotArn><SourceRegion>${escaped}</SourceRegion><TagList><Tag><Key>ringfence-canary</Key><Value>${fakeCanary}</Value></Tag></TagList></DBSnapshot>`;
const endlessPage = `<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><Marker>again</Marker><DBSnapshots>${snapshot}</DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>`;

/** What a topic says to each of the probes' questions, all at once. */
const topic = (policy: string, subscriptions: string) => {
  const arn = "arn:aws:sns:us-east-1:000000000000:events";
  const entries = Object.entries({
    TopicArn: arn,
    Policy: policy,
    SubscriptionsConfirmed: "1",
    SubscriptionsPending: "0",
  })
    .map(([key, value]) => `<entry><key>${key}</key><value>${value}</value></entry>`)
    .join("");
  const tags = `<Tags><member><Key>ringfence-canary</Key><Value>${fakeCanary}</Value></member></Tags>`;
  return `<R><ListTagsForResourceResult>${tags}</ListTagsForResourceResult><GetTopicAttributesResult><Attributes>${entries}</Attributes></GetTopicAttributesResult><ListSubscriptionsByTopicResult>${subscriptions.replaceAll("ARN", arn)}</ListSubscriptionsByTopicResult></R>`;
};
const subscription = (protocol: string) =>
  `<member><TopicArn>ARN</TopicArn><Protocol>${protocol}</Protocol><Endpoint>${escaped}</Endpoint><SubscriptionArn>${escaped}</SubscriptionArn></member>`;
const strange = ["sqs", "https", "email", "sms", "application", escaped].map(subscription).join("");
const accepted =
  "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>";

const sayings: Record<string, Buffer> = {
  "refuses in SQS's words without being SQS": unsigned("403 Forbidden", '{"__type":"AccessDeniedException"}'),
  "refuses in SNS's words without being SNS": unsigned("403 Forbidden", xml("AuthorizationError", "")),
  "accepts in SNS's words without being SNS": unsigned("200 OK", accepted),
  "refuses in RDS's words without being RDS": unsigned("403 Forbidden", xml("AccessDenied", "")),
  "lets in in RDS's words without being RDS": unsigned("404 Not Found", xml("DBSnapshotNotFound", "")),
  "says an error type full of markup": json("400 Bad Request", {
    __type: attack,
    message: attack,
    code: attack,
  }),
  "says an XML error code full of markup": answer("400 Bad Request", xml(escaped, escaped)),
  "is throttling": json("400 Bad Request", { __type: "ThrottlingException" }),
  "does not know the key": json("400 Bad Request", { __type: "UnrecognizedClientException" }),
  "has messages of markup": json("200 OK", {
    Messages: Array(5000).fill(message),
    Attributes: { Policy: attack },
  }),
  "has more pages for ever": answer("200 OK", endlessPage),
  "has subscriptions of markup": answer(
    "200 OK",
    topic(escaped, `<Subscriptions>${strange}</Subscriptions>`),
  ),
  "has more subscriptions for ever": answer(
    "200 OK",
    topic("{}", `<Subscriptions>${subscription("sqs")}</Subscriptions><NextToken>again</NextToken>`),
  ),
  "has another topic's subscriptions": answer(
    "200 OK",
    topic("{}", "<Subscriptions><member><TopicArn>other</TopicArn></member></Subscriptions>"),
  ),
  "has more plans for ever": json("200 OK", {
    NextToken: "again",
    BackupPlansList: [{ BackupPlanId: attack }],
  }),
  "gives types that were not asked for": json("200 OK", {
    Messages: { length: 1e9 },
    Attributes: [1, { a: null }],
    Tags: fakeCanary,
    MessageId: 7,
    CopyJobId: null,
  }),
  "is prototype pollution": answer("200 OK", '{"__proto__":{"polluted":1},"Attributes":{"__proto__":"x"}}'),
};

export const hostileAws: Behaviour[] = Object.entries(sayings).map(([name, bytes]) => ({
  name,
  serve: overTls(answers(bytes)),
}));
