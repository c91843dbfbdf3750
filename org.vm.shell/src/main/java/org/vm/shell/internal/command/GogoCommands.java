package org.vm.shell.internal.command;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.jline.terminal.Terminal;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.vm.api.machine.MachineManager;

/** Publishes the commands of the {@link Catalog} to Gogo, scope {@code vm}. */
@Component(service = {}, immediate = true)
public final class GogoCommands {
    /** Session variable in which Gogo's JLine shell keeps the terminal. */
    private static final String TERMINAL = ".terminal";

    private final BundleContext context;
    private final List<ServiceRegistration<Function>> registrations = new ArrayList<>();

    @Activate
    public GogoCommands(BundleContext context, @Reference MachineManager manager, @Reference Consoles consoles,
            @Reference Guests guests) {
        this.context = context;
        for (String name : Catalog.names()) {
            Hashtable<String, Object> properties = new Hashtable<>();
            properties.put(CommandProcessor.COMMAND_SCOPE, "vm");
            properties.put(CommandProcessor.COMMAND_FUNCTION, name);
            Function function = (session, arguments) -> {
                Invocation.run(name, new Shell(manager, consoles, guests, screen(session), this::find),
                        arguments.stream().map(String::valueOf).toList());
                return null;
            };
            registrations.add(context.registerService(Function.class, function, properties));
        }
    }

    private <T> Optional<T> find(Class<T> type) {
        return Optional.ofNullable(context.getServiceReference(type)).map(context::getService);
    }

    /** System.out is the session's, or that of the pipe that the command runs in. */
    private static Screen screen(CommandSession session) {
        Optional<Terminal> terminal = session.get(TERMINAL) instanceof Terminal t ? Optional.of(t) : Optional.empty();
        return new Screen(new PrintWriter(System.out, true), terminal);
    }

    @Deactivate
    void stop() {
        registrations.forEach(ServiceRegistration::unregister);
    }
}
