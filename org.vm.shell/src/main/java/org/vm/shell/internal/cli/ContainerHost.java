package org.vm.shell.internal.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Optional;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.ShutdownHooks;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ExecutionException;
import org.vm.api.machine.MachineManager;
import org.vm.guest.GuestCatalog;
import org.vm.shell.internal.command.Consoles;
import org.vm.shell.internal.command.Screen;
import org.vm.shell.internal.prompt.Completion;
import org.vm.shell.internal.prompt.Prompt;
import org.vm.shell.internal.terminal.TerminalSettings;

/** The process that the container runs in. The terminal is opened when it is first needed. */
final class ContainerHost implements Host {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerHost.class);
    private static final long PATIENCE_MILLIS = 15_000;

    private final BundleContext context;
    private final CommandProcessor gogo;
    private final Consoles consoles;
    private final InputStream in = new FileInputStream(FileDescriptor.in);
    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private final PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true);
    private TerminalSettings settings;
    private ShutdownHooks.Task lastResort;
    private Optional<Terminal> terminal;
    private CommandSession session;
    private boolean pluginsAwaited;

    ContainerHost(BundleContext context, CommandProcessor gogo, Consoles consoles) {
        this.context = context;
        this.gogo = gogo;
        this.consoles = consoles;
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public OutputStream out() {
        return out;
    }

    @Override
    public PrintStream err() {
        return err;
    }

    @Override
    public synchronized Optional<Terminal> terminal() {
        if (terminal == null) {
            terminal = open();
        }
        return terminal;
    }

    private Optional<Terminal> open() {
        settings = TerminalSettings.now();
        try {
            // Signals keep their effect (Ctrl-C ends a download) but where somebody handles them.
            Terminal opened = TerminalBuilder.builder().name("vmm").system(true).dumb(true).nativeSignals(true)
                    .signalHandler(Terminal.SignalHandler.SIG_DFL).build();
            if (!opened.getType().startsWith(Terminal.TYPE_DUMB)) {
                // Behind JLine's own task, which restores the rest.
                lastResort = ShutdownHooks.add(settings::restore);
                return Optional.of(opened);
            }
            opened.close();
        } catch (IOException e) {
            LOG.warn("the terminal cannot be opened; going on as in a pipe", e);
        }
        return Optional.empty();
    }

    @Override
    public MachineManager machines() {
        awaitPlugins();
        return await(MachineManager.class, "org.vm.machine");
    }

    private synchronized void awaitPlugins() {
        if (!pluginsAwaited) {
            pluginsAwaited = true;
            new PluginBundles(context).await().forEach(jar -> err.println("vmm: plugins/" + jar
                    + " does not run; why, says the shell: why " + jar.substring(0, jar.length() - ".jar".length())));
        }
    }

    @Override
    public GuestCatalog guests() {
        return await(GuestCatalog.class, "org.vm.guest");
    }

    @Override
    public Consoles consoles() {
        return consoles;
    }

    @Override
    public boolean stopping() {
        return context.getBundle(Constants.SYSTEM_BUNDLE_ID).getState() == Bundle.STOPPING;
    }

    @Override
    public void prompt(String greeting) throws InterruptedException {
        Terminal screen = terminal().orElseThrow();
        screen.writer().print(greeting);
        screen.flush();
        new Prompt(session(), screen, () -> completion(screen)).run();
    }

    private Completion completion(Terminal screen) {
        ServiceReference<MachineManager> manager = context.getServiceReference(MachineManager.class);
        return manager == null ? null : new Completion(new org.vm.shell.internal.command.Shell(
                context.getService(manager), consoles, this::guests, new Screen(new PrintWriter(screen.writer()), Optional.of(screen))));
    }

    @Override
    public void execute(String line) throws Exception {
        CommandSession where = session();
        Object result = where.execute(line);
        if (result != null) {
            where.getConsole().println(where.format(result, Converter.INSPECT));
        }
        where.getConsole().flush();
    }

    private synchronized CommandSession session() {
        if (session == null) {
            machines();
            session = terminal().map(t -> gogo.createSession(t.input(), t.output(), t.output()))
                    .orElseGet(() -> gogo.createSession(in, out, err));
            terminal().ifPresent(t -> session.put(Shell.VAR_TERMINAL, t));
            session.put(Shell.VAR_SESSION, session);
            session.put(Shell.VAR_PROCESSOR, gogo);
            session.put(Shell.VAR_SCOPE, "vm:gogo:*");
        }
        return session;
    }

    /** Gives the terminal its settings back. */
    synchronized void close() {
        if (session != null) {
            session.close();
        }
        if (terminal != null && terminal.isPresent()) {
            try {
                terminal.get().close();
                settings.restore();
                ShutdownHooks.remove(lastResort);
            } catch (IOException e) {
                LOG.warn("the terminal's settings could not be restored; type: stty sane", e);
            }
        }
        session = null;
        terminal = Optional.empty();
    }

    /** Bundles start side by side: what is not there yet may come. */
    private <T> T await(Class<T> type, String bundle) {
        ServiceTracker<T, T> tracker = new ServiceTracker<>(context, type, null);
        tracker.open();
        try {
            T service = tracker.waitForService(PATIENCE_MILLIS);
            if (service == null) {
                throw new ExecutionException("bundle " + bundle + " offers no " + type.getSimpleName()
                        + "; in the shell, lb shows the bundles and scr:list their components");
            }
            return service;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ExecutionException("interrupted while waiting for bundle " + bundle, e);
        } finally {
            tracker.close();
        }
    }
}
