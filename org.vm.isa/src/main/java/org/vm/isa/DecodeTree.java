package org.vm.isa;

import java.util.ArrayList;
import java.util.List;

/** Finds the form of an encoding: at each node a few bits that all candidates fix choose the next node. */
sealed interface DecodeTree {
    /** The form that {@code bits} belong to, or {@code null}. */
    Form find(int bits);

    record Leaf(Form[] candidates) implements DecodeTree {
        @Override
        public Form find(int bits) {
            for (Form form : candidates) {
                if (form.pattern.matches(bits)) {
                    return form;
                }
            }
            return null;
        }
    }

    record Branch(int low, int mask, DecodeTree[] children) implements DecodeTree {
        @Override
        public Form find(int bits) {
            return children[bits >>> low & mask].find(bits);
        }
    }

    static DecodeTree of(List<Form> forms) {
        return of(forms, 0);
    }

    private static DecodeTree of(List<Form> forms, int used) {
        int low = -1;
        int width = 0;
        if (forms.size() > 2) {
            int common = ~used;
            int some = 0;
            for (Form form : forms) {
                common &= form.pattern.mask();
                some |= form.pattern.mask() & ~used;
            }
            if (common != 0) {
                // The longest run of bits that all of them fix, at most 7 of it.
                for (int at = 0; at < 32; at++) {
                    int run = Integer.numberOfTrailingZeros(~(common >>> at));
                    if (run > width) {
                        low = at;
                        width = Math.min(run, 7);
                    }
                }
            } else if (some != 0) {
                low = mostFixed(forms, some);
                width = 1;
            }
        }
        if (low < 0) {
            return new Leaf(forms.toArray(Form[]::new));
        }
        int mask = (1 << width) - 1;
        DecodeTree[] children = new DecodeTree[1 << width];
        for (int value = 0; value <= mask; value++) {
            List<Form> matching = new ArrayList<>();
            for (Form form : forms) {
                if (((form.pattern.match() >>> low ^ value) & form.pattern.mask() >>> low & mask) == 0) {
                    matching.add(form);
                }
            }
            children[value] = of(matching, used | mask << low);
        }
        return new Branch(low, mask, children);
    }

    private static int mostFixed(List<Form> forms, int bits) {
        int best = -1;
        long bestCount = -1;
        for (int rest = bits; rest != 0; rest &= rest - 1) {
            int bit = Integer.lowestOneBit(rest);
            long count = forms.stream().filter(f -> (f.pattern.mask() & bit) != 0).count();
            if (count > bestCount) {
                bestCount = count;
                best = Integer.numberOfTrailingZeros(bit);
            }
        }
        return best;
    }
}
