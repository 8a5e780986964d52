#!/bin/sh
# shellcheck shell=sh
# shellcheck disable=SC2015 # In `A && B || fail`, fail is meant for both.
#
# Makes this FreeBSD machine a host of a Slipway server. Run as root, with the line that `slipway host join-token` printed:
#
#     fetch -o - URL/install.sh | sh -s -- TOKEN [--name NAME] [--root DIR]
#
# NAME is what the server calls the host (the machine's host name). DIR stands in front of every path (none).
#
# The token is SECRET@sha256:DIGEST@URL: what lets a host in, the digest of the agent's bundle, and the server. Behind it may stand
# @sha256:FINGERPRINT: the server's certificate is then vouched for by this key, and no authority has to be installed here. Nothing is
# installed that the digest does not name. A run that was cut short is finished by another one; a host never enrols twice.

set -u
umask 022

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

# Takes the command line and the token apart.
read_arguments() {
	root='' name='' token=''
	while [ $# -gt 0 ]; do
		case $1 in
		--root | --name)
			[ $# -gt 1 ] || fail "$1 needs a value"
			if [ "$1" = --root ]; then root=${2%/}; else name=$2; fi
			shift
			;;
		-*) fail "unknown option $1; use: sh -s -- TOKEN [--name NAME] [--root DIR]" ;;
		*)
			[ -z "$token" ] || fail "one token is enough, but there is also \"$1\""
			token=$1
			;;
		esac
		shift
	done
	[ -n "$token" ] || fail 'a token is missing; use: sh -s -- TOKEN [--name NAME] [--root DIR]'
	secret=${token%%@*}
	bundle_digest=${token#*@}
	url=${bundle_digest#*@}
	bundle_digest=${bundle_digest%%@*}
	fingerprint=''
	case $url in *@*) fingerprint=${url#*@} url=${url%%@*} ;; esac
	case $secret in '' | *[!A-Za-z0-9_-]*) bad_token ;; esac
	is_digest "$bundle_digest" || bad_token
	case $url in http://?* | https://?*) ;; *) bad_token ;; esac
	case ${url#*://} in */* | *[[:space:]]*) bad_token ;; esac
	[ -z "$fingerprint" ] || { is_digest "$fingerprint" && [ "${url%%:*}" = https ]; } || bad_token
}

bad_token() {
	fail 'this is no join token: it must look like SECRET@sha256:DIGEST@URL, or with @sha256:FINGERPRINT behind; copy the whole line that "slipway host join-token" prints'
}

is_digest() {
	case $1 in sha256:*[!0-9a-f]*) return 1 ;; sha256:*) [ ${#1} -eq 71 ] ;; *) return 1 ;; esac
}

check_machine() {
	[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'it must be run as root'
	[ -z "$root" ] || [ -d "$root" ] || fail "--root $root is no folder"
	os=$("$root/usr/bin/uname" -s) || fail "cannot run $root/usr/bin/uname"
	[ "$os" = FreeBSD ] || fail "a host must run FreeBSD, but this is $os"
	release=$("$root/bin/freebsd-version") || fail "cannot run $root/bin/freebsd-version"
	major=${release%%.*}
	case $major in '' | *[!0-9]*) fail "cannot read the version of FreeBSD out of \"$release\"" ;; esac
	[ "$major" -ge 14 ] || fail "a host must run FreeBSD 14 or newer, but this is $release"
	architecture=$("$root/usr/bin/uname" -m)
	case $architecture in
	amd64 | arm64) ;;
	*) fail "a host must be amd64 or arm64, but this is $architecture" ;;
	esac

	node=$root/usr/local/bin/node
	[ -x "$node" ] || fail "Node.js 24.15 or newer is needed at $node: run \"pkg install node24\", then this again"
	node_version=$("$node" -p process.versions.node </dev/null) || fail "cannot run $node"
	node_major=${node_version%%.*}
	node_minor=${node_version#*.}
	node_minor=${node_minor%%.*}
	[ "$node_major" -gt 24 ] || { [ "$node_major" -eq 24 ] && [ "$node_minor" -ge 15 ]; } ||
		fail "Node.js 24.15 or newer is needed, but $node is $node_version: run \"pkg install node24\", then this again"

	[ -n "$name" ] || name=$("$root/usr/bin/uname" -n | tr '[:upper:]' '[:lower:]')
	case $name in
	'' | [!a-z0-9]* | *[!a-z0-9] | *[!a-z0-9.-]*)
		fail "\"$name\" cannot be the name of a host (lower-case letters, digits, hyphens, dots); choose one with --name"
		;;
	esac
}

# One install.sh at a time. The lock is a link that names the process, so a killed one holds nothing.
take_lock() {
	mkdir -p "$db" "$etc" "$root/var/run/slipway" || fail "cannot make $db, $etc and $root/var/run/slipway"
	if ! ln -s $$ "$lock" 2>/dev/null; then
		holder=$(readlink "$lock")
		[ -n "$holder" ] && kill -0 "$holder" 2>/dev/null &&
			fail "another install.sh is at work here (process $holder); wait for it, or remove $lock if that is no install.sh"
		rm -f "$lock"
		ln -s $$ "$lock" || fail "cannot make $lock"
	fi
	trap 'rm -rf "$work" "$lock"' EXIT
	trap 'exit 1' HUP INT TERM
	rm -rf "$work"
	mkdir "$work" || fail "cannot make $work"
}

# The HTTP that fetch(1) cannot do. The secret goes by the environment, the key by its file: never by a command line.
#   client get [PATH FILE]…           downloads
#   client enrol NAME ARCH MAJOR KEY  prints the host's id
#   client address                    prints this machine's own address towards the server
#   client authority FINGERPRINT      prints the certificate that has this key, of those that the server presents
# The authority that was found is trusted beside those of the system; nothing is said to a server that none of them vouches for.
client() {
	# To read all of the system's authorities takes longer than the rest of a start.
	case $url in https:*) authorities=--use-system-ca ;; *) authorities='' ;; esac
	SLIPWAY_SECRET=$secret SLIPWAY_URL=$url NODE_EXTRA_CA_CERTS=${authority:-${NODE_EXTRA_CA_CERTS-}} \
		"$node" ${authorities:+"$authorities"} --input-type=module - "$@" <<'EOF'
import { createHash } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const { SLIPWAY_SECRET: secret, SLIPWAY_URL: url } = process.env
const [verb, ...words] = process.argv.slice(2)

async function ask(method, path, body) {
  const headers = { authorization: `Bearer ${secret}`, ...(body && { 'content-type': 'application/json' }) }
  const answer = await fetch(url + path, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.timeout(600_000),
  })
  if (answer.ok) return answer
  const text = await answer.text()
  let detail = text.slice(0, 300).trim()
  try {
    detail = JSON.parse(text).detail ?? detail
  } catch {}
  throw new Error(`${url} refused (${answer.status}): ${detail}`)
}

function peer() {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}

// Closed before a byte is sent or read. What the certificate vouches for is verified when it is used.
function findAuthority(fingerprint) {
  const { host, port } = peer()
  const socket = connectTls({ host, port, ...(!isIP(host) && { servername: host }), rejectUnauthorized: false })
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => reject(new Error('', { cause }))).once('secureConnect', () => {
      let found = socket.getPeerX509Certificate()
      const digest = () => createHash('sha256').update(found.publicKey.export({ type: 'spki', format: 'der' })).digest('hex')
      while (found && `sha256:${digest()}` !== fingerprint) found = found.issuerCertificate
      socket.destroy()
      if (found) resolve(found.toString())
      else reject(new Error(`${url} is not the server of this token: it presents no certificate with the key ${fingerprint}`))
    })
  })
}

function localAddress() {
  const socket = connect(peer())
  socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')))
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      const address = socket.localAddress.replace(/^::ffff:/, '')
      socket.destroy()
      resolve(address.includes(':') ? `[${address}]` : address)
    })
  })
}

try {
  if (verb === 'get') {
    for (let at = 0; at < words.length; at += 2)
      await pipeline(Readable.fromWeb((await ask('GET', words[at])).body), createWriteStream(words[at + 1]))
  } else if (verb === 'enrol') {
    const [name, architecture, major, keyFile] = words
    const platform = { os: 'freebsd', architecture, 'os.version': major }
    const key = readFileSync(keyFile, 'utf8').trim()
    const { host } = await (await ask('POST', '/api/v1/enrol', { name, platform, key })).json()
    if (!/^[0-9a-f]{16}$/.test(host)) throw new Error(`${url} gave no host id, but ${JSON.stringify(host)}`)
    console.log(host)
  } else if (verb === 'authority') {
    console.log(await findAuthority(...words))
  } else console.log(await localAddress())
} catch (error) {
  const { cause } = error
  const [reason] = (cause?.message || cause?.code || '').split(';')
  console.error(
    !cause
      ? `install.sh: ${error.message}`
      : /CERT|LEAF/.test(cause.code)
        ? `install.sh: ${url} is not trusted: ${reason}`
        : `install.sh: cannot reach ${url}: ${reason}`,
  )
  process.exit(1)
}
EOF
}

# Finds the certificate that the token pins, for all that comes after it.
find_authority() {
	authority=''
	[ -n "$fingerprint" ] || return 0
	client authority "$fingerprint" >"$work/authority" || exit 1
	authority=$work/authority
}

# Writes standard input to a file: wholly or not at all. replace FILE MODE
replace() {
	cat >"$work/file" && chmod "$2" "$work/file" && mv -f "$work/file" "$1" || fail "cannot write $1"
}

# What the server says under a name: said NAME
said() {
	sed -n "s/^$1 //p" "$work/agent"
}

# The release of the agent and the first release set, as the agent itself would have put them. Done once: from then on the agent
# keeps itself up to date.
unpack_agent() {
	[ ! -e "$db/current/agent/main.js" ] || return 0
	client get /api/v1/enrol/agent "$work/agent" || exit 1
	version=$(said version) manifest=$(said manifest) set=$(said set)
	case $version in '' | [!0-9]* | *[!0-9A-Za-z.-]*) fail "$url offers an agent of version \"$version\", which is no version" ;; esac
	is_digest "$manifest" || fail "$url says that the manifest of the agent is \"$manifest\", which is no digest"
	is_digest "$set" || fail "$url says that the release set is \"$set\", which is no digest"
	[ "$(said bundle)" = "$bundle_digest" ] ||
		fail "$url offers another agent ($version, $(said bundle)) than the token was made for; make a new one with \"slipway host join-token\""

	echo "Fetching agent $version from $url"
	client get /api/v1/enrol/agent-bundle "$work/bundle" || exit 1
	found=$("$root/sbin/sha256" -q "$work/bundle") || fail "cannot read $work/bundle"
	[ "sha256:$found" = "$bundle_digest" ] ||
		fail "the agent's bundle is damaged or forged: its digest is sha256:$found, and the token says $bundle_digest"
	client get /api/v1/enrol/agent/set.json "$work/set.json" /api/v1/enrol/agent/release.json "$work/release.json" || exit 1
	grep -q "$set" "$work/set.json" && grep -q "$manifest" "$work/set.json" ||
		fail "$url sent a set.json that is not that of the release set $set with the agent $manifest"

	manifest=${manifest#sha256:} set=${set#sha256:}
	release_folder=$version-$(printf %.12s "$manifest") set_folder=$(printf %.12s "$set")
	mkdir "$work/release" "$work/set" && "$root/usr/bin/tar" -xf "$work/bundle" -C "$work/release" ||
		fail 'cannot unpack the bundle of the agent'
	for part in main.js agent-launcher rc.d/slipway_agent; do
		[ -f "$work/release/$part" ] || fail "agent $version has no file $part: it cannot be installed"
	done
	mv "$work/release.json" "$work/release/" && mv "$work/set.json" "$work/set/" &&
		ln -s "../../releases/agent/$release_folder" "$work/set/agent" && mkdir -p "$db/releases/agent" "$db/sets" ||
		fail "cannot write below $db"
	# Renames of finished folders, the one that counts last: a run that is cut short leaves nothing that looks whole and is not.
	sync
	[ -e "$db/releases/agent/$release_folder" ] || mv "$work/release" "$db/releases/agent/$release_folder" ||
		fail "cannot write $db/releases"
	[ -e "$db/sets/$set_folder" ] || mv "$work/set" "$db/sets/$set_folder" || fail "cannot write $db/sets"
	rm -f "$db/current" && ln -s "sets/$set_folder" "$db/current" || fail "cannot make the link $db/current"
}

# The host's credential. The key is made once and kept until the server has taken it, so that however often it is asked,
# the server knows one host by it.
enrol() {
	if [ ! -e "$etc/agent.key" ]; then
		[ -e "$etc/agent.key.new" ] ||
			(umask 077 && od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' | replace "$etc/agent.key.new" 0600) || exit 1
		sync
		host=$(client enrol "$name" "$architecture" "$major" "$etc/agent.key.new") || exit 1
		(umask 077 && printf 'slw_%s_%s\n' "$host" "$(cat "$etc/agent.key.new")" | replace "$etc/agent.key" 0600) || exit 1
		sync
	fi
	rm -f "$etc/agent.key.new"
	host=$(cat "$etc/agent.key")
	host=${host#slw_}
	host=${host%%_*}
}

# The lines `server`, `serverFingerprint` and `host` of agent.yaml. Of a file that is there nothing else is touched: an administrator may have put it
# there before this ran.
configure() {
	if [ ! -e "$etc/agent.yaml" ]; then
		address=$(client address 2>/dev/null) || address=127.0.0.1
		case $address in *%*) address=127.0.0.1 ;; esac
		{
			echo '# The agent of this host. Its credential is in agent.key.'
			echo "server: $url"
			[ -z "$fingerprint" ] || echo "serverFingerprint: $fingerprint"
			cat <<-EOF
				host: $host
				metrics:
				  # Where Prometheus finds this host; "off" for nowhere.
				  listen: "$address:9760"
			EOF
		} | replace "$etc/agent.yaml" 0644 || exit 1
	elif ! grep -q '^host:' "$etc/agent.yaml"; then
		{
			grep -q '^server:' "$etc/agent.yaml" || echo "server: $url"
			[ -z "$fingerprint" ] || grep -q '^serverFingerprint:' "$etc/agent.yaml" || echo "serverFingerprint: $fingerprint"
			echo "host: $host"
			cat "$etc/agent.yaml"
		} | replace "$etc/agent.yaml" 0644 || exit 1
	fi
}

# A host that belongs to another server is left alone.
check_owner() {
	[ -e "$etc/agent.yaml" ] || return 0
	owner=$(sed -n 's/^server: *//p' "$etc/agent.yaml" | tr -d "\"'")
	[ -z "$owner" ] || [ "$owner" = "$url" ] ||
		fail "this host belongs to $owner; to move it to $url, stop slipway_agent and remove agent.key and agent.yaml from $etc"
}

start_agent() {
	mkdir -p "$root/usr/local/libexec/slipway" "$root/usr/local/etc/rc.d" || fail "cannot make folders below $root/usr/local"
	replace "$root/usr/local/libexec/slipway/agent-launcher" 0555 <"$db/current/agent/agent-launcher"
	replace "$root/usr/local/etc/rc.d/slipway_agent" 0555 <"$db/current/agent/rc.d/slipway_agent"
	"$root/usr/sbin/sysrc" slipway_agent_enable=YES >/dev/null </dev/null || fail 'cannot enable slipway_agent in rc.conf'
	"$root/usr/sbin/service" slipway_agent status >/dev/null 2>&1 </dev/null ||
		"$root/usr/sbin/service" slipway_agent start </dev/null || fail 'slipway_agent does not start; see /var/log/daemon.log'
}

main() {
	read_arguments "$@"
	check_machine
	db=$root/var/db/slipway
	etc=$root/usr/local/etc/slipway
	work=$db/.tmp-install
	lock=$root/var/run/slipway/install.lock
	check_owner
	take_lock
	find_authority
	unpack_agent
	enrol
	configure
	start_agent
	echo "This host is enrolled at $url (id $host), and its agent runs."
}

# All of the script has been read when this runs, so a download that was cut short does nothing.
main "$@"
