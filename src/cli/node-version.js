// Plain JavaScript in the syntax of old Nodes: it must run where nothing else here does, in order to say so.
const needed = [24, 15]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `slipway needs Node.js ${needed.join('.')} or newer, but ${process.execPath} is ${process.versions.node}: ` +
      'install a newer Node.js, or, on Linux, run `npm ci` in this folder, which brings one along.\n',
  )
  process.exit(1)
}
