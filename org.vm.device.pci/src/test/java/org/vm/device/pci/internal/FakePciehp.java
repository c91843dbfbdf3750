package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * A guest's driver for one slot, with the states and the order of register accesses that Linux's has: a button, or a card
 * that appears, switches on; a button switches off after five seconds of blinking, in which another press calls it off; a
 * link that is lost switches off at once. The interrupt handler only gathers events, a thread works on them.
 */
final class FakePciehp {
    enum State { OFF, BLINKING_ON, BLINKING_OFF, POWER_ON, POWER_OFF, ON }

    private static final int ABP = 1;
    private static final int PDC = 1 << 3;
    private static final int CC = 1 << 4;
    private static final int PDS = 1 << 6;
    private static final int DLLSC = 1 << 8;
    private static final int DISABLE = 1 << 16;
    private static final int ENABLED = 1 | 1 << 4 | 1 << 5 | 1 << 12;
    private static final int ATTENTION_ON = 1 << 6;
    private static final int ATTENTION_OFF = 3 << 6;
    private static final int ATTENTION = 3 << 6;
    private static final int LIT = 1 << 8;
    private static final int BLINK = 2 << 8;
    private static final int DARK = 3 << 8;
    private static final int INDICATOR = 3 << 8;
    private static final int POWER_OFF = 1 << 10;
    private static final int LINK_ACTIVE = 1 << 13;

    private final FakeMachine machine;
    private final FakeTime time;
    private final int port;
    private final Field control;
    private final Field status;
    private final Field link;
    private State state = State.OFF;
    private int pending;
    private boolean scheduled;
    private boolean working;
    private int blinks;
    private int lives;
    private boolean stopped = true;
    /** How long the thread takes to begin. */
    Supplier<Duration> latency = () -> Duration.ZERO;
    /** From fetching events to acting on them. */
    Supplier<Duration> thought = () -> Duration.ZERO;
    /** Whether devices can be set up, whether the driver hears buttons, and whether somebody calls removals off. */
    boolean works = true;
    boolean deaf;
    boolean callsOff;

    FakePciehp(FakeMachine machine, FakeTime time, int port) {
        this.machine = machine;
        this.time = time;
        this.port = port;
        int express = machine.capability(0, port, 0x10);
        control = Express.SLOT_CONTROL.at(express);
        status = Express.SLOT_STATUS.at(express);
        link = Express.LINK_STATUS.at(express);
    }

    State state() {
        return state;
    }

    /** The guest gives the port a bus. */
    void scan() {
        machine.config(0, port, Header.SECONDARY_BUS, port);
        if (machine.config(port, 0, Header.VENDOR_ID) != 0xffff) {
            enumerate();
        }
    }

    /** The driver takes the slot over. */
    void start() {
        stopped = false;
        boolean found = machine.config(port, 0, Header.VENDOR_ID) != 0xffff && (machine.config(port, 0, Header.COMMAND) & 4) != 0;
        state = found ? State.ON : State.OFF;
        machine.config(0, port, status, 0x11f);
        boolean present = present();
        if (!present && (machine.config(0, port, control) & POWER_OFF) == 0) {
            write(POWER_OFF, POWER_OFF);
        }
        write(ENABLED, ENABLED);
        if (present != found) {
            request(PDC);
        }
        interrupt();
    }

    /** The guest ends. */
    void stop() {
        stopped = true;
        pending = 0;
        working = false;
        scheduled = false;
        blinks++;
    }

    /** Somebody in the guest switches the slot off. */
    void disable() {
        request(DISABLE);
    }

    private void enumerate() {
        machine.config(port, 0, Header.COMMAND, 6);
    }

    private boolean present() {
        return (machine.config(0, port, status) & PDS) != 0;
    }

    private void write(int value, int mask) {
        machine.config(0, port, control, machine.config(0, port, control) & ~mask | value & mask);
    }

    /** To be called whenever the wire may have gone up. */
    void interrupt() {
        if (stopped || !machine.level(Intx.source(32, port, Intx.ofPort(port)))) {
            return;
        }
        int events = machine.config(0, port, status) & (ABP | PDC | CC | DLLSC);
        machine.config(0, port, status, events);
        events &= ~CC;
        if (deaf) {
            events &= ~ABP;
        }
        if (events != 0) {
            request(events);
        }
    }

    private void request(int events) {
        pending |= events;
        if (!scheduled && !working) {
            scheduled = true;
            later(latency.get(), () -> {
                scheduled = false;
                work();
            });
        }
    }

    /** Only as long as the guest that wanted it lives. */
    private void later(Duration delay, Runnable action) {
        int life = lives;
        time.after(delay, () -> {
            if (life == lives) {
                action.run();
                interrupt();
            }
        });
    }

    /** The machine is reset, or the guest ends. */
    void die() {
        stop();
        lives++;
        state = State.OFF;
    }

    private void work() {
        int events = pending;
        pending = 0;
        if (events == 0) {
            return;
        }
        working = true;
        // Slots change while the thread makes up its mind.
        later(thought.get(), () -> handle(events));
    }

    private void handle(int events) {
        if ((events & ABP) != 0) {
            button();
        }
        if ((events & DISABLE) != 0) {
            blinks++;
            if (state == State.ON || state == State.BLINKING_OFF) {
                switchOff(this::done);
                return;
            }
        } else if ((events & (PDC | DLLSC)) != 0) {
            changed();
            return;
        }
        done();
    }

    private void done() {
        working = false;
        if (pending != 0) {
            request(0);
        }
    }

    private void button() {
        switch (state) {
            case OFF, ON -> {
                boolean on = state == State.ON;
                state = on ? State.BLINKING_OFF : State.BLINKING_ON;
                write(BLINK | ATTENTION_OFF, INDICATOR | ATTENTION);
                int mine = ++blinks;
                if (on && callsOff) {
                    later(Duration.ofSeconds(2), () -> {
                        if (mine == blinks && state == State.BLINKING_OFF) {
                            request(ABP);
                        }
                    });
                }
                later(Duration.ofSeconds(5), () -> {
                    if (mine == blinks) {
                        request(state == State.BLINKING_OFF ? DISABLE : PDC);
                    }
                });
            }
            case BLINKING_ON, BLINKING_OFF -> {
                blinks++;
                boolean on = state == State.BLINKING_OFF;
                state = on ? State.ON : State.OFF;
                write((on ? LIT : DARK) | ATTENTION_OFF, INDICATOR | ATTENTION);
            }
            case POWER_ON, POWER_OFF -> { }
        }
    }

    private void changed() {
        if (state == State.ON || state == State.BLINKING_OFF) {
            blinks++;
            switchOff(this::switchOnIfPresent);
        } else {
            switchOnIfPresent();
        }
    }

    private void switchOff(Runnable then) {
        state = State.POWER_OFF;
        if (machine.config(port, 0, Header.VENDOR_ID) != 0xffff) {
            machine.config(port, 0, Header.COMMAND, 0);
        }
        write(POWER_OFF, POWER_OFF);
        later(Duration.ofSeconds(1), () -> {
            interrupt();
            pending &= ~(PDC | DLLSC);
            write(DARK, INDICATOR);
            state = State.OFF;
            then.run();
        });
    }

    private void switchOnIfPresent() {
        boolean there = present() || (machine.config(0, port, link) & LINK_ACTIVE) != 0;
        if (!there) {
            if (state == State.BLINKING_ON) {
                blinks++;
                state = State.OFF;
                write(DARK, INDICATOR);
            }
            done();
            return;
        }
        blinks++;
        state = State.POWER_ON;
        if ((machine.config(0, port, control) & POWER_OFF) == 0) {
            // "Already enabled": what came between the guest's scan and its driver stays unknown.
            state = State.ON;
            done();
            return;
        }
        write(0, POWER_OFF);
        write(BLINK, INDICATOR);
        later(Duration.ofMillis(200), () -> {
            interrupt();
            pending &= ~(PDC | DLLSC);
            if (works && machine.config(port, 0, Header.VENDOR_ID) != 0xffff) {
                enumerate();
                write(LIT | ATTENTION_OFF, INDICATOR | ATTENTION);
                state = State.ON;
                done();
            } else {
                write(POWER_OFF, POWER_OFF);
                later(Duration.ofSeconds(1), () -> {
                    interrupt();
                    pending &= ~(PDC | DLLSC);
                    write(DARK | ATTENTION_ON, INDICATOR | ATTENTION);
                    state = State.OFF;
                    done();
                });
            }
        });
    }
}
