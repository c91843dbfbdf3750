package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.engine.jit.internal.NumberKind.ANY;
import static org.vm.engine.jit.internal.NumberKind.NARROW;
import static org.vm.engine.jit.internal.NumberKind.POSITIVE;
import static org.vm.engine.jit.internal.NumberKind.ZERO;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NumberKindTest {
    /** Meanings of instructions, as they are written for an instruction set. */
    @SuppressWarnings("unused")
    static final class Meanings {
        private Meanings() {}

        public static long add(long a, long b) {
            return a + b;
        }

        public static long addw(long a, long b) {
            return (int) (a + b);
        }

        public static long and(long a, long b) {
            return a & b;
        }

        public static long xor(long a, long b) {
            return a ^ b;
        }

        public static long unsigned(long a, long b) {
            return a & 0xFFFF_FFFFL;
        }

        public static long less(long a, long b) {
            return Long.compareUnsigned(a, b) < 0 ? 1 : 0;
        }

        public static long greater(long a, long b) {
            return a > b ? a : b;
        }

        public static long early(long a, long b) {
            if (a == b) {
                return a;
            }
            return 0;
        }

        public static long late(long a, long b) {
            if (a == b) {
                return a;
            }
            return b;
        }

        public static long shift(long a, long b) {
            return a >> b;
        }

        public static long subtract(long a, long b) {
            return a - b;
        }
    }

    private static RowBody body(String name) {
        try {
            return RowBody.of(Meanings.class.getMethod(name, long.class, long.class));
        } catch (NoSuchMethodException e) {
            throw new AssertionError(e);
        }
    }

    private static NumberKind result(String name, NumberKind a, NumberKind b) {
        return NumberKind.result(body(name), parameter -> parameter == 0 ? a : b);
    }

    @Test
    void numbersHaveTheirKinds() {
        assertEquals(ZERO, NumberKind.of(0));
        assertEquals(POSITIVE, NumberKind.of(Integer.MAX_VALUE));
        assertEquals(NARROW, NumberKind.of(Integer.MIN_VALUE));
        assertEquals(ANY, NumberKind.of(1L << 31));
    }

    @Test
    void whatIsCutTo32BitsIsNarrow() {
        assertEquals(NARROW, result("addw", ANY, ANY));
        assertEquals(POSITIVE, result("less", ANY, ANY));
        assertEquals(ANY, result("unsigned", NARROW, ANY));
        assertEquals(ANY, result("add", POSITIVE, POSITIVE));
    }

    @Test
    void whatIsCombinedOfNarrowNumbersIsNarrow() {
        assertEquals(NARROW, result("xor", NARROW, POSITIVE));
        assertEquals(ANY, result("xor", NARROW, ANY));
        assertEquals(POSITIVE, result("and", ANY, POSITIVE));
        assertEquals(ANY, result("and", ANY, NARROW));
        assertEquals(NARROW, result("add", ZERO, NARROW));
        assertEquals(NARROW, result("greater", NARROW, POSITIVE));
        assertEquals(ANY, result("greater", NARROW, ANY));
        assertEquals(NARROW, result("early", NARROW, ANY));
        assertEquals(ANY, result("late", NARROW, ANY));
    }

    /** Random numbers of each kind, in all combinations: the result is of the kind that was said, and its lower half enough. */
    @Test
    void resultsAreOfTheirKind() throws ReflectiveOperationException {
        Random random = new Random(1);
        for (String name : List.of("add", "addw", "and", "xor", "unsigned", "less", "greater", "early", "late", "shift", "subtract")) {
            for (NumberKind first : NumberKind.values()) {
                for (NumberKind second : NumberKind.values()) {
                    NumberKind said = result(name, first, second);
                    for (int i = 0; i < 200; i++) {
                        long a = number(random, first);
                        long b = number(random, second);
                        long result = (long) Meanings.class.getMethod(name, long.class, long.class).invoke(null, a, b);
                        assertTrue(NumberKind.of(result).compareTo(said) >= 0, name + " of " + a + " and " + b + " is no " + said);
                    }
                }
            }
        }
    }

    private static long number(Random random, NumberKind kind) {
        return switch (kind) {
            case ANY -> random.nextLong();
            case NARROW -> random.nextInt();
            case POSITIVE -> random.nextInt() & Integer.MAX_VALUE;
            case ZERO -> 0;
        };
    }

    @Test
    void lowerHalvesAreEnoughOnlyWhereNothingComesDownFromTheUpperOnes() {
        assertTrue(List.of("add", "and", "xor", "subtract").stream().allMatch(name -> body(name).isHalved()));
        assertFalse(List.of("shift", "less", "greater", "addw").stream().anyMatch(name -> body(name).isHalved()));
    }
}
