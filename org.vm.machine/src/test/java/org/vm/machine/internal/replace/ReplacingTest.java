package org.vm.machine.internal.replace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.Version;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

class ReplacingTest {
    private final List<String> steps = new ArrayList<>();
    private final List<String> failing = new ArrayList<>();
    private final History history = new History();
    private final Replacing replacing = new Replacing(bundle(), "2.0.0", new FakeWay(), List::of,
            new Replacing.Limits(Duration.ofSeconds(10), Duration.ofSeconds(10)), null, new LeftThings(), history);

    private static Bundle bundle() {
        return (Bundle) Proxy.newProxyInstance(Bundle.class.getClassLoader(), new Class<?>[] {Bundle.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getSymbolicName" -> "org.example.sensor";
                    case "getVersion" -> Version.parseVersion("1.0.0");
                    default -> throw new AssertionError("the bundle is asked for " + method.getName());
                });
    }

    private final class FakeWay implements Way {
        private void step(String name) {
            steps.add(name);
            if (failing.contains(name)) {
                throw new ReplacementException(name + " fails");
            }
        }

        @Override
        public void prepare(Collection<DeviceKeeper> keepers) {
            step("prepare");
        }

        @Override
        public Set<Long> leaving() {
            return Set.of(1L);
        }

        @Override
        public void exchange(Holds holds, Stopwatch watch) {
            step("exchange");
        }

        @Override
        public void clear() {
            step("clear");
        }

        @Override
        public void callOff() {
            step("callOff");
        }

        @Override
        public void back() {
            step("back");
        }

        @Override
        public boolean settle() {
            step("settle");
            return true;
        }

        @Override
        public String stay() {
            step("stay");
            return "it stays";
        }

        @Override
        public Bundle[] coming() {
            return new Bundle[0];
        }

        @Override
        public void close() {
            step("close");
        }
    }

    @Test
    void theOldVersionGoesWhenTheNewOneServesAndTheBundleIsSettledWhenItIsTrusted() {
        assertEquals(Outcome.ON_TRIAL, replacing.begin().outcome());
        assertEquals(List.of("prepare", "exchange", "clear"), steps);
        replacing.accept(true);
        assertEquals(List.of("prepare", "exchange", "clear", "settle", "prepare", "exchange", "clear", "close"), steps);
        assertEquals(Outcome.DONE, history.all().getLast().outcome());
    }

    @Test
    void anOldVersionThatDoesNotGoIsNoReasonToLeaveTheNewOneUnwatched() {
        failing.add("clear");
        assertEquals(Outcome.ON_TRIAL, replacing.begin().outcome());
        replacing.failed(new IllegalStateException("made to fail"));
        assertEquals(List.of("prepare", "exchange", "clear", "back", "close"), steps);
        assertEquals(Outcome.ROLLED_BACK, history.all().getLast().outcome());
        assertTrue(history.all().getLast().detail().contains("made to fail"), history.all().getLast().detail());
    }

    @Test
    void aStepThatFailsLeadsBackOrIsSaidToHaveLostTheDevices() {
        failing.add("exchange");
        var failure = assertThrows(ReplacementException.class, replacing::begin);
        assertTrue(failure.getMessage().contains("exchange fails; version 1.0.0 is back"), failure.getMessage());
        failing.add("back");
        failure = assertThrows(ReplacementException.class, replacing::begin);
        assertTrue(failure.getMessage().contains("has not come back: back fails"), failure.getMessage());
        assertEquals(Outcome.LOST, history.all().getLast().outcome());
    }

    @Test
    void whatCannotBePreparedHasNeverHeldAnything() {
        failing.add("prepare");
        var failure = assertThrows(ReplacementException.class, replacing::begin);
        assertTrue(failure.getMessage().contains("prepare fails; version 1.0.0 has worked on meanwhile"), failure.getMessage());
        assertEquals(List.of("prepare", "close"), steps);
    }

    @Test
    void aBundleThatCannotTakeOverFromItsStandInLeavesThatInPlace() {
        replacing.begin();
        failing.add("prepare");
        replacing.accept(true);
        assertEquals("it stays", history.all().getLast().detail());
        assertEquals(Outcome.DONE, history.all().getLast().outcome());
    }
}
