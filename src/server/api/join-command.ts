import { hex } from '../../contract/digest.ts'
import { type JoinToken, joinTokenText } from '../../contract/enrolment.ts'

/**
 * The line that root runs on a host: install.sh from the server, piped into sh.
 *
 * fetch(1) cannot pin a key, so with a fingerprint the line first takes what the server presents last, looks whether that has the key,
 * and lets fetch believe this certificate only. It is for any shell (root has csh on hosts that were upgraded), and uses nothing but
 * FreeBSD's own tools.
 */
export function joinCommand(token: JoinToken): string {
  const { url, fingerprint } = token
  const script = `${url}/install.sh`
  const install = `sh -s -- ${joinTokenText(token)}`
  if (!fingerprint) return `fetch -o - ${script} | ${install}`
  const { hostname, port } = new URL(url)
  const peer = `${hostname}:${port || 443}`
  const parts = [
    'c=$(mktemp -t slipway.XXXXXX); trap "rm -f $c" 0',
    `openssl s_client -showcerts -connect ${peer} </dev/null 2>/dev/null | awk "/-BEGIN/{c=x}{c=c RS \\$0}END{print c}" >$c`,
    `case $(openssl x509 -in $c -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -r) in ` +
      `${hex(fingerprint)}*) fetch --ca-cert=$c -o - ${script} | ${install};; ` +
      `*) echo ${peer} is not the server of this token >&2; exit 1;; esac`,
  ]
  return `sh -c '${parts.join('; ')}'`
}
