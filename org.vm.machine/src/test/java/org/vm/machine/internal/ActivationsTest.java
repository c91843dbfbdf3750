package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ActivationsTest {
    private static final String RUNTIME = "org.apache.felix.scr.impl.inject.internal.ComponentConstructorImpl.newInstance";
    private static final String REFLECTION = "java.lang.reflect.Constructor.newInstance";

    private static StackTraceElement[] stack(String... frames) {
        return Stream.of(frames).map(frame -> new StackTraceElement(frame.substring(0, frame.lastIndexOf('.')),
                frame.substring(frame.lastIndexOf('.') + 1), "", 1)).toArray(StackTraceElement[]::new);
    }

    @Test
    void whoseConstructorRunsIsFoundBelowWhatItCalls() {
        assertEquals("org.example.Sensor", Activations.called(stack("java.lang.Thread.sleep", "org.example.Helper.wait", "org.example.Sensor.<init>",
                "jdk.internal.reflect.DirectConstructorHandleAccessor.newInstance", REFLECTION, RUNTIME, "org.example.Machine.<init>",
                REFLECTION, RUNTIME, "java.lang.Thread.run")));
    }

    @Test
    void aThreadThatActivatesNothingIsLeftAlone() {
        assertNull(Activations.called(stack("java.lang.Object.wait", RUNTIME, "java.lang.Thread.run")));
        assertNull(Activations.called(stack("java.lang.Object.wait", "org.example.Main.main")));
        assertNull(Activations.called(stack()));
        assertNull(Activations.called(stack(REFLECTION, RUNTIME)));
    }

    @Test
    void nothingIsLateWhereNothingIsActivated() {
        assertEquals(List.of(), new Activations().late(List.of()));
    }
}
