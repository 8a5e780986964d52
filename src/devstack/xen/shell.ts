/** What a simulated guest's shell may do to its system. */
export interface System {
  hostname: string
  uptimeSeconds(): number
  write(text: string): void
  end(how: 'poweroff' | 'reboot'): void
}

/** The login and the shell of a guest, on its console: it echoes what is typed and knows a handful of commands. */
export function openShell(system: System): { prompt(): void; input(text: string): void } {
  let loggedIn = false
  let line = ''
  const prompt = () => system.write(loggedIn ? '# ' : `\r\n${system.hostname} login: `)

  const run = (command: string) => {
    const [name = '', ...words] = command.trim().split(/\s+/)
    if (name === '') return
    if (name === 'poweroff' || name === 'reboot') system.end(name)
    else if (name === 'echo') system.write(`${words.join(' ')}\r\n`)
    else if (name === 'hostname') system.write(`${system.hostname}\r\n`)
    else if (name === 'uptime') system.write(`up ${system.uptimeSeconds().toFixed(2)}\r\n`)
    else if (name === 'exit') loggedIn = false
    else system.write(`sh: ${name}: not found\r\n`)
  }

  return {
    prompt,
    input(text) {
      for (const character of text) {
        if (character !== '\r' && character !== '\n') {
          system.write(character)
          line += character
          continue
        }
        system.write('\r\n')
        if (loggedIn) run(line)
        else if (line.trim() !== '') loggedIn = true
        line = ''
        prompt()
      }
    },
  }
}
