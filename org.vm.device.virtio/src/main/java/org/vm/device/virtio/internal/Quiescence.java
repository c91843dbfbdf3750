package org.vm.device.virtio.internal;

import java.util.concurrent.TimeUnit;

/**
 * Counts tasks, and waits for those that run without keeping new ones from starting: tasks join one of two groups; who
 * waits sends new ones to the other.
 */
final class Quiescence {
    private final int[] running = new int[2];
    private int group;

    /** @return what to give to {@link #leave} */
    synchronized int enter() {
        running[group]++;
        return group;
    }

    synchronized void leave(int entered) {
        if (--running[entered] == 0) {
            notifyAll();
        }
    }

    synchronized boolean idle() {
        return running[0] + running[1] == 0;
    }

    /** Waits for all tasks that have entered by now; one caller at a time. @return whether they ended in time */
    synchronized boolean await(long nanos) {
        long deadline = System.nanoTime() + nanos;
        // Twice: a leftover of an earlier wait that gave up may sit in the other group.
        for (int round = 0; round < 2; round++) {
            int old = group;
            group ^= 1;
            while (running[old] != 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                try {
                    wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
        }
        return true;
    }
}
