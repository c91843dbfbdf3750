package org.vm.shell.internal.cli;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.Callable;
import org.vm.shell.internal.prompt.Sentence;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code vmm shell}: the prompt, or lines from a pipe. */
@Command(name = "shell", description = "The shell of the monitor; reads commands from a pipe as well.",
        footer = {"", "Examples:", "  vmm shell", "  echo 'help' | vmm shell"})
final class PromptCommand implements Callable<Integer> {
    private static final String GREETING = """
            A virtual machine monitor on the JVM. Tab completes; help lists the commands.
            Try:  create linux --guest linux   start linux   console linux   devices
            """;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    private final Host host;

    PromptCommand(Host host) {
        this.host = host;
    }

    @Override
    public Integer call() throws Exception {
        if (host.terminal().isPresent()) {
            host.prompt(GREETING);
            return 0;
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(host.in()));
        int status = 0;
        for (String line = lines.readLine(); line != null && !line.strip().equals("exit"); line = lines.readLine()) {
            try {
                if (!line.isBlank()) {
                    host.execute(line);
                }
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                host.err().println(Sentence.of(e));
                status = 1;
            }
        }
        return status;
    }
}
