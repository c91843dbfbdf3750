package org.vm.shell.internal.command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.AttachableConsole;

/** The consoles of all machines, as they come and go. */
@Component(service = Consoles.class)
public final class Consoles {
    /** A console and whose it is. */
    public record Entry(String machine, String name, AttachableConsole console) {}

    /** Every board's first one. */
    private static final String DEFAULT = "serial0";

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Entry> entries = new ArrayList<>();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    public void add(AttachableConsole console, Map<String, Object> properties) {
        lock.lock();
        try {
            entries.add(new Entry(String.valueOf(properties.get("vm")), String.valueOf(properties.get("name")), console));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public void remove(AttachableConsole console) {
        lock.lock();
        try {
            entries.removeIf(entry -> entry.console() == console);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public List<Entry> of(String machine) {
        lock.lock();
        try {
            return entries.stream().filter(entry -> entry.machine().equals(machine)).toList();
        } finally {
            lock.unlock();
        }
    }

    /** The console of that name; for {@code null} the first serial port's, or the only one. */
    public AttachableConsole find(String machine, String name) {
        List<Entry> all = of(machine);
        String names = String.join(", ", all.stream().map(Entry::name).toList());
        if (all.isEmpty()) {
            throw new ConfigurationException("machine '" + machine + "' has no console");
        }
        Optional<Entry> found = all.stream().filter(e -> e.name().equals(name == null ? DEFAULT : name)).findFirst();
        if (name == null && found.isEmpty() && all.size() == 1) {
            found = Optional.of(all.getFirst());
        }
        return found.orElseThrow(() -> new ConfigurationException(name == null
                ? "which console of machine '" + machine + "'? there are: " + names
                : "machine '" + machine + "' has no console '" + name + "'; there are: " + names)).console();
    }

    /** As {@link #find}, waiting for the first one to come. */
    public AttachableConsole await(String machine, String name, Duration timeout) throws InterruptedException {
        lock.lock();
        try {
            long left = timeout.toNanos();
            while (of(machine).isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
        return find(machine, name);
    }
}
