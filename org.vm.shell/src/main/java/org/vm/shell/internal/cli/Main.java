package org.vm.shell.internal.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Function;
import org.jline.terminal.Terminal;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;
import org.vm.api.ExecutionException;
import org.vm.api.machine.MachineManager;
import org.vm.guest.GuestCatalog;
import org.vm.shell.internal.command.Consoles;
import org.vm.shell.internal.command.Screen;
import org.vm.shell.internal.command.Shell;
import org.vm.shell.internal.prompt.Completion;
import org.vm.shell.internal.prompt.Prompt;

/**
 * The Gogo command {@code vmm:main}: what the container does with the arguments that it was started with. Gogo's first
 * session runs it (framework property {@code gosh.args}), because that session owns the terminal. The launcher gives
 * the arguments as a {@code String[]} service (property {@code vm.arguments}) and takes the exit status through an
 * {@link IntConsumer} (property {@code vm.exit}).
 */
@Component(immediate = true, service = Function.class,
        property = {CommandProcessor.COMMAND_SCOPE + "=vmm", CommandProcessor.COMMAND_FUNCTION + "=main"})
public final class Main implements Function {
    private static final long PATIENCE_MILLIS = 15_000;

    private final BundleContext context;
    private final Consoles consoles;

    @Activate
    public Main(BundleContext context, @Reference Consoles consoles) {
        this.context = context;
        this.consoles = consoles;
    }

    @Override
    public Object execute(CommandSession session, List<Object> ignored) throws Exception {
        String[] arguments = service(String[].class, "(vm.arguments=true)").orElse(new String[0]);
        int status = Vmm.run(new Process(session), List.of(arguments));
        IntConsumer exit = service(IntConsumer.class, "(vm.exit=true)").orElseThrow(() ->
                new ExecutionException("the launcher offers no IntConsumer service with vm.exit=true"));
        exit.accept(status);
        return null;
    }

    private <T> Optional<T> service(Class<T> type, String filter) throws InvalidSyntaxException {
        Collection<ServiceReference<T>> found = context.getServiceReferences(type, filter);
        return found.stream().findFirst().map(context::getService);
    }

    /** The process that the container runs in. */
    private final class Process implements Host {
        private final CommandSession session;
        private final Optional<Terminal> terminal;
        private final InputStream in = new FileInputStream(FileDescriptor.in);
        private final OutputStream out = new FileOutputStream(FileDescriptor.out);
        private final PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true);

        Process(CommandSession session) {
            this.session = session;
            terminal = session.get(".terminal") instanceof Terminal t && !t.getType().startsWith(Terminal.TYPE_DUMB)
                    ? Optional.of(t) : Optional.empty();
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
        public Optional<Terminal> terminal() {
            return terminal;
        }

        @Override
        public MachineManager machines() {
            return await(MachineManager.class, "org.vm.machine");
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
        public void prompt(String greeting) throws InterruptedException {
            Terminal screen = terminal.orElseThrow();
            screen.writer().print(greeting);
            screen.flush();
            new Prompt(session, screen, () -> completion(screen)).run();
        }

        private Completion completion(Terminal screen) {
            ServiceReference<MachineManager> manager = context.getServiceReference(MachineManager.class);
            return manager == null ? null : new Completion(new Shell(context.getService(manager), consoles,
                    new Screen(new PrintWriter(screen.writer()), Optional.of(screen))));
        }

        @Override
        public void execute(String line) throws Exception {
            session.put("SCOPE", "vm:gogo:*");
            Object result = session.execute(line);
            if (result != null) {
                session.getConsole().println(session.format(result, Converter.INSPECT));
            }
            session.getConsole().flush();
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
}
