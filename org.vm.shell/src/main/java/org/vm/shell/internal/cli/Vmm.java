package org.vm.shell.internal.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.shell.internal.command.Invocation;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line of {@code ./vmm}. */
@Command(name = "vmm", description = "A virtual machine monitor on the JVM. Without a command: its shell.",
        versionProvider = Vmm.Version.class, synopsisSubcommandLabel = "[COMMAND]",
        footer = {"", "Examples:", "  vmm run linux                    a Debian kernel and a shell as root",
            "  vmm run linux --exec 'uname -a'  one command, its output and its status",
            "  vmm run builtin                  a small guest that needs no download",
            "  vmm new device my-sensor         a project for a device of your own",
            "  vmm dev my-sensor                puts it into the guest whenever it is saved",
            "  vmm bench --quick                programs in Linux, beside QEMU; see: vmm bench --help",
            "  vmm                              the shell: machines, devices, memory"})
public final class Vmm implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Vmm.class);
    private static final int MISTAKE = 2;
    private static final int FAILURE = 1;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    private boolean version;

    private final Host host;

    Vmm(Host host) {
        this.host = host;
    }

    @Override
    public Integer call() throws Exception {
        return new PromptCommand(host).call();
    }

    /** @return the exit status: the guest's, 1 for a failure, 2 for a mistake on the command line */
    public static int run(Host host, List<String> arguments) {
        CommandLine line = new CommandLine(new Vmm(host))
                .addSubcommand(new RunCommand(host))
                .addSubcommand(new FetchCommand(host))
                .addSubcommand(new PromptCommand(host));
        PrintStream out = new PrintStream(host.out(), true);
        try {
            ParseResult parsed = line.parseArgs(arguments.toArray(String[]::new));
            Optional<CommandLine> asked = help(parsed);
            if (asked.isPresent()) {
                asked.get().usage(out);
                return 0;
            }
            if (parsed.isVersionHelpRequested()) {
                line.printVersionHelp(out);
                return 0;
            }
            Object command = parsed.hasSubcommand() ? parsed.subcommand().commandSpec().userObject() : line.getCommand();
            return (Integer) ((Callable<?>) command).call();
        } catch (ParameterException mistake) {
            String name = mistake.getCommandLine().getCommandSpec().qualifiedName();
            return say(host, name, Invocation.sentence(mistake) + "; see: " + name + " --help", MISTAKE);
        } catch (ConfigurationException mistake) {
            return say(host, "vmm", mistake.getMessage(), MISTAKE);
        } catch (VmException failure) {
            LOG.debug("command line {}", arguments, failure);
            return say(host, "vmm", failure.getMessage(), FAILURE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        } catch (Exception e) {
            if (stopping(host)) {
                LOG.debug("the container stops while it carries out {}", arguments, e);
                return FAILURE;
            }
            LOG.error("command line {}", arguments, e);
            return say(host, "vmm", "failed unexpectedly: " + e + "; the log has the details", FAILURE);
        }
    }

    private static boolean stopping(Host host) {
        try {
            return host.stopping();
        } catch (IllegalStateException e) {
            LOG.debug("this bundle has stopped", e);
            return true;
        }
    }

    private static Optional<CommandLine> help(ParseResult parsed) {
        for (ParseResult at = parsed; at != null; at = at.subcommand()) {
            if (at.isUsageHelpRequested()) {
                return Optional.of(at.commandSpec().commandLine());
            }
        }
        return Optional.empty();
    }

    private static int say(Host host, String who, String sentence, int status) {
        host.err().println(who + ": " + sentence);
        return status;
    }

    /** The version of the bundle that this class is in. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Bundle bundle = FrameworkUtil.getBundle(Vmm.class);
            return new String[] {"vmm " + (bundle == null ? "(outside of its container)" : bundle.getVersion()),
                "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch")};
        }
    }

    /** What was typed cannot be done, whatever the machine does. */
    static final class Mistake extends ConfigurationException {
        Mistake(String message) {
            super(message);
        }

        Mistake(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
