package org.vm.api.replace;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a {@link DeviceKeeper} needs for {@link DeviceKeeper#prepare}: devices of a bundle's new version that are there, and wait
 * for places of those of the old one. Any thread.
 *
 * @param <D> what devices are to the keeper
 */
public final class Successors<D> {
    private final long bundle;
    private final Set<String> names;
    private final Map<String, D> waiting = new HashMap<>();

    /**
     * @param bundle whose devices are to wait
     * @param names  of the places that they wait for
     */
    public Successors(long bundle, Collection<String> names) {
        this.bundle = bundle;
        this.names = new TreeSet<>(names);
    }

    /** Where nobody is to come. */
    public static <D> Successors<D> none() {
        return new Successors<>(-1, Set.of());
    }

    /** Whose devices wait; a number that no bundle has: nobody's. */
    public long bundle() {
        return bundle;
    }

    /** A device has come. @return whether it waits now, so that it is not to be plugged */
    public synchronized boolean offer(long from, String name, D device) {
        return from == bundle && names.contains(name) && waiting.putIfAbsent(name, device) == null;
    }

    /** A device has gone. @return whether it was waiting */
    public synchronized boolean withdraw(Predicate<? super D> which) {
        return waiting.values().removeIf(which);
    }

    /** The one that is to have a place, and waits no more; {@code null}: there is none. */
    public synchronized D take(String name) {
        return waiting.remove(name);
    }

    /** Places for which nobody waits. */
    public synchronized List<String> awaited() {
        return names.stream().filter(name -> !waiting.containsKey(name)).toList();
    }
}
