/** What each login of a Redis system may do; the canary's opens one key. ACL syntax: Redis 7, redis.io/docs, "ACL". */
export function redisRights(canaryKey: string): Record<"own" | "canary" | "auditor", string> {
  return {
    own: "~* &* +@all -@dangerous",
    canary: `~${canaryKey} -@all +get +@connection`,
    auditor:
      "~* -@all +get +scan +type +strlen +llen +lrange +hscan +sscan +zscan +xrange +info +client|info +@connection",
  };
}
