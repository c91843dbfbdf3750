package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/**
 * Components that are being activated and do not come to an end. The component runtime says nothing of them, and activates no
 * other one meanwhile where it does so on the thread of configurations; so they are looked for in the stacks of threads.
 */
final class Activations {
    private static final String RUNTIME = "org.apache.felix.scr.";
    private static final List<String> REFLECTION = List.of("java.lang.reflect.", "jdk.internal.reflect.", "java.lang.invoke.");
    /** What takes longer is worth a sentence. */
    private static final long MOMENT = TimeUnit.MILLISECONDS.toNanos(700);

    /** A call of the runtime into a component's class. */
    private record Call(Thread thread, String type) {}

    /** When a call was seen first, by whoever asked. */
    private final Map<Call, Long> seen = new ConcurrentHashMap<>();

    /** A sentence about each. Takes a moment if there may be one. */
    List<String> late(Collection<ComponentDescriptionDTO> components) {
        if (look().isEmpty()) {
            return List.of();
        }
        LockSupport.parkNanos(MOMENT);
        List<String> sentences = new ArrayList<>();
        look().forEach((call, at) -> {
            long time = System.nanoTime() - seen.get(call);
            if (time >= MOMENT / 2) {
                components.stream().filter(component -> component.implementationClass.equals(call.type)).findFirst()
                        .ifPresent(component -> sentences.add(sentence(component, time, at)));
            }
        });
        return sentences;
    }

    private static String sentence(ComponentDescriptionDTO component, long time, StackTraceElement at) {
        return ("bundle '%s': its component %s has not come to the end of its activation for %d s or more, and is at %s; until then no machine "
                + "and no device can come, go, or be changed. Take the bundle away, and start the monitor again").formatted(
                component.bundle.symbolicName, component.name, TimeUnit.NANOSECONDS.toSeconds(time), at);
    }

    /** Where each call is now. */
    private synchronized Map<Call, StackTraceElement> look() {
        Map<Call, StackTraceElement> calls = new ConcurrentHashMap<>();
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            String type = called(stack);
            if (type != null) {
                calls.put(new Call(thread, type), stack[0]);
            }
        });
        seen.keySet().retainAll(calls.keySet());
        calls.keySet().forEach(call -> seen.putIfAbsent(call, System.nanoTime()));
        return calls;
    }

    /** The class that the runtime has called, by reflection, last; {@code null} if it has called none. */
    static String called(StackTraceElement[] stack) {
        int runtime = IntStream.range(1, stack.length).filter(i -> is(stack[i], RUNTIME) && isReflection(stack[i - 1])).findFirst().orElse(0);
        for (int i = runtime - 1; i >= 0; i--) {
            if (!isReflection(stack[i])) {
                return stack[i].getClassName();
            }
        }
        return null;
    }

    private static boolean isReflection(StackTraceElement frame) {
        return REFLECTION.stream().anyMatch(prefix -> is(frame, prefix));
    }

    private static boolean is(StackTraceElement frame, String prefix) {
        return frame.getClassName().startsWith(prefix);
    }
}
