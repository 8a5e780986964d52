import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * The tools of a FreeBSD host that the agent calls, as small sh scripts below `root`, with the answers and exit codes of the real ones.
 * `service X start` really starts the rc script as a child of a supervisor that starts it again when it dies, like daemon(8) -r.
 */
const shims: Readonly<Record<string, string>> = {
  '/usr/bin/uname': 'echo amd64\n',
  '/bin/freebsd-version': 'echo 14.3-RELEASE-p5\n',
  '/sbin/zfs': 'printf "zfs-2.2.7-FreeBSD_ge269af1b3\\nzfs-kmod-2.2.7-FreeBSD_ge269af1b3\\n"\n',
  '/sbin/sysctl': 'echo xen\n',
  '/usr/sbin/sysrc': `
conf=$root/etc/rc.conf
case $1 in
-n) line=$(grep "^$2=" "$conf") || { echo "sysrc: unknown variable '$2'" >&2; exit 1; }
	line=\${line#*=\\"}
	echo "\${line%\\"}" ;;
*=*) echo "\${1%%=*}=\\"\${1#*=}\\"" >>"$conf"
	echo "\${1%%=*}:  -> \${1#*=}" ;;
esac
`,
  '/usr/sbin/service': `
name=$1
run=$root/var/run/$name
script=$root/usr/local/etc/rc.d/$name
[ -e "$script" ] || { echo "$name does not exist in /etc/rc.d or the local startup directories" >&2; exit 1; }
echo "$2 $name" >>"$root/service.log"
case $2 in
status)
	[ -e "$run.pid" ] && { echo "$name is running as pid $(cat "$run.pid")."; exit 0; }
	echo "$name is not running."; exit 1 ;;
start)
	grep -q "^\${name}_enable=\\"YES\\"" "$root/etc/rc.conf" || {
		echo "Cannot 'start' $name. Set \${name}_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'."
		exit 0
	}
	[ -e "$run.pid" ] && { echo "$name already running?  (pid=$(cat "$run.pid"))." >&2; exit 1; }
	rm -f "$run.stop"
	sh "$root/supervise" "$root" "$name" </dev/null >/dev/null 2>&1 &
	while [ ! -e "$run.pid" ]; do sleep 0.01; done ;;
stop)
	[ -e "$run.pid" ] || { echo "$name not running? (check /var/run/$name.pid)." >&2; exit 1; }
	: >"$run.stop"
	# Again and again: the supervisor may just be starting another child.
	while kill "$(cat "$run.pid" 2>/dev/null)" 2>/dev/null; [ -e "$run.pid" ]; do sleep 0.01; done ;;
esac
`,
  '/supervise': `
root=$1
run=$root/var/run/$2
while [ -d "$root" ] && [ ! -e "$run.stop" ]; do
	sh "$root/usr/local/etc/rc.d/$2" "$root" &
	child=$!
	echo $child >"$run.tmp"
	mv "$run.tmp" "$run.pid"
	wait $child
	[ -e "$run.stop" ] || sleep 0.05
done
rm -f "$run.pid" "$run.version"
`,
}

export async function writeShims(root: string): Promise<void> {
  for (const [path, script] of Object.entries(shims)) {
    const file = join(root, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `#!/bin/sh\nroot='${root}'\n${script}`)
    await chmod(file, 0o755)
  }
}
