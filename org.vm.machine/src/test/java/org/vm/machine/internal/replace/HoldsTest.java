package org.vm.machine.internal.replace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;

class HoldsTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(50);

    private final CompletableFuture<Void> filled = new CompletableFuture<>();
    private final CompletableFuture<Throwable> fault = new CompletableFuture<>();
    private final Holds holds = new Holds(List.of((bundles, limit) -> new FakeHold()), Set.of(1L), LONG);

    private final class FakeHold implements DeviceKeeper.Hold {
        @Override
        public List<String> devices() {
            return List.of("m/d");
        }

        @Override
        public List<String> stateless() {
            return List.of();
        }

        @Override
        public void callOff() {
            throw new AssertionError("nobody asked for it");
        }

        @Override
        public CompletionStage<Void> filled() {
            return filled;
        }

        @Override
        public CompletionStage<Throwable> fault() {
            return fault;
        }

        @Override
        public void retake(Duration limit) {
            // What it waits for stays the test's.
        }

        @Override
        public void accept() {
            throw new AssertionError("nobody asked for it");
        }

        @Override
        public void close() {
            throw new AssertionError("nobody asked for it");
        }
    }

    private String failure(Duration limit) {
        return assertThrows(ReplacementException.class, () -> holds.awaitFilled(limit, () -> null)).getMessage();
    }

    @Test
    void aSuccessorThatFailsBeforeTheOthersAreThereIsNotWaitedFor() {
        fault.complete(new DeviceException("it has failed early"));
        assertEquals("it failed on trial: it has failed early", failure(LONG));
    }

    @Test
    void aFaultOfTheVersionBeforeKeepsNobodyFromComingBack() {
        holds.retake(LONG);
        fault.complete(new DeviceException("it has failed early"));
        filled.complete(null);
        holds.awaitFilled(LONG, () -> null);
    }

    @Test
    void whoDoesNotComeIsNamed() {
        assertEquals("not all of its devices (m/d) were there after 0 s", failure(SHORT));
    }
}
