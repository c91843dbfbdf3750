package org.vm.shell.internal.prompt;

import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Converters;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Converter;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Publishes Gogo's own commands ({@code grep}, {@code each}…). Gogo's JLine bundle would do so when it starts, but then
 * it also takes the terminal and opens a shell of its own; here it is a library.
 */
@Component(service = {}, immediate = true)
public final class GogoBasics {
    private static final String[] BUILTIN = {"format", "getopt", "new", "set", "tac", "type", "jobs", "fg", "bg", "history"};
    private static final String[] POSIX = {"cat", "echo", "grep", "sort", "sleep", "cd", "pwd", "ls", "less", "head",
        "tail", "clear", "wc", "date", "watch"};
    private static final String[] PROCEDURAL = {"each", "if", "not", "throw", "try", "until", "while", "break", "continue"};

    private static final String[] SHELL = {"help", "source"};

    private final List<ServiceRegistration<?>> registrations = new ArrayList<>();

    @Activate
    public GogoBasics(BundleContext context, @Reference CommandProcessor gogo) {
        registrations.add(context.registerService(Converter.class,
                new Converters(context.getBundle(0).getBundleContext()), null));
        publish(context, new Builtin(), BUILTIN);
        publish(context, new Posix(gogo), POSIX);
        publish(context, new Procedural(), PROCEDURAL);
        publish(context, new Shell(new Properties(context), gogo), SHELL);
    }

    private void publish(BundleContext context, Object commands, String[] names) {
        Hashtable<String, Object> properties = new Hashtable<>();
        properties.put(CommandProcessor.COMMAND_SCOPE, "gogo");
        properties.put(CommandProcessor.COMMAND_FUNCTION, names);
        registrations.add(context.registerService(Object.class, commands, properties));
    }

    @Deactivate
    void stop() {
        registrations.forEach(ServiceRegistration::unregister);
    }

    /** What Gogo's shell wants to know; it is never in charge here. */
    private record Properties(BundleContext context) implements Shell.Context {
        @Override
        public String getProperty(String name) {
            return context.getProperty(name);
        }

        @Override
        public void exit() {
            throw new UnsupportedOperationException("leave the shell with exit");
        }
    }
}
