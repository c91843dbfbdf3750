package org.vm.machine.internal.replace;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What devices leave behind while they are replaced, until somebody takes it or it is over. Any thread. */
final class LeftThings {
    private record Label(String vm, String device, String what) {}

    private record Thing(Object object, Runnable cleanup) {}

    private static final Logger LOG = LoggerFactory.getLogger(LeftThings.class);

    private final Map<Label, Thing> things = new HashMap<>();
    private Set<String> devices = new HashSet<>();

    /** From now on these devices may leave something. */
    synchronized void open(Set<String> replaced) {
        devices = replaced;
    }

    synchronized boolean leave(String vm, String device, String what, Object thing, Runnable cleanup) {
        if (devices.stream().noneMatch(vm.isEmpty() ? each -> true : device.isEmpty() ? each -> each.startsWith(vm + "/")
                : each -> each.equals(vm + "/" + device))) {
            return false;
        }
        Thing before = things.put(new Label(vm, device, what), new Thing(thing, cleanup));
        clean(before);
        return true;
    }

    synchronized <T> Optional<T> take(String vm, String device, String what, Class<T> type) {
        Label label = new Label(vm, device, what);
        if (!things.containsKey(label) || !type.isInstance(things.get(label).object)) {
            return Optional.empty();
        }
        return Optional.of(type.cast(things.remove(label).object));
    }

    /** Nothing is left any more. */
    synchronized void close() {
        devices = Set.of();
        things.values().forEach(LeftThings::clean);
        things.clear();
    }

    private static void clean(Thing thing) {
        try {
            if (thing != null) {
                thing.cleanup.run();
            }
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("something that a device has left behind cannot be let go", e);
        }
    }
}
