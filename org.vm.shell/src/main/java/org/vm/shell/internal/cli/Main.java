package org.vm.shell.internal.cli;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.shell.internal.command.Consoles;

/**
 * Does what the arguments say that the process was started with. The launcher gives them as a {@code String[]} service
 * with the property {@code vm.arguments} (without it, as in a test's container, nothing happens here), and takes the
 * exit status through an {@link IntConsumer} service with the property {@code vm.exit}.
 */
@Component(service = {}, immediate = true)
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    private final BundleContext context;
    private final ContainerHost host;

    @Activate
    public Main(BundleContext context, @Reference CommandProcessor gogo, @Reference Consoles consoles)
            throws InvalidSyntaxException {
        this.context = context;
        this.host = new ContainerHost(context, gogo, consoles);
        Optional<Object> arguments = service(Object.class, "(vm.arguments=true)");
        if (arguments.isPresent() && arguments.get() instanceof String[] words) {
            Thread thread = new Thread(() -> run(words), "vmm");
            // JLine looks for its terminal providers through this loader, and in its own bundle only if there is none.
            thread.setContextClassLoader(null);
            thread.start();
        }
    }

    private void run(String[] arguments) {
        int status = Vmm.run(host, List.of(arguments));
        host.close();
        try {
            Optional<IntConsumer> exit = service(IntConsumer.class, "(vm.exit=true)");
            if (exit.isPresent()) {
                exit.get().accept(status);
            } else {
                LOG.error("the launcher offers no IntConsumer service with vm.exit=true; status {} is lost", status);
            }
        } catch (InvalidSyntaxException | IllegalStateException e) {
            LOG.info("the container is stopping already; status {} is not reported", status, e);
        }
    }

    private <T> Optional<T> service(Class<T> type, String filter) throws InvalidSyntaxException {
        Collection<ServiceReference<T>> found = context.getServiceReferences(type, filter);
        return found.stream().findFirst().map(context::getService);
    }

    /** The container stops, perhaps by a signal: the terminal gets its settings back. */
    @Deactivate
    void stop() {
        host.close();
    }
}
