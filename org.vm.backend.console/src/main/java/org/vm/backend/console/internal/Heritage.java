package org.vm.backend.console.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;
import org.vm.api.backend.AttachableConsole.Viewer;
import org.vm.api.replace.BundleReplacer;

/**
 * What a console finds of the one before it, and leaves to the next, when their bundle is replaced. Until the next one is
 * there, the old one goes on, so nothing is lost in between. What is left is of the JDK's classes and the API's.
 */
interface Heritage {
    /**
     * @param input what was typed and not yet read
     */
    record Estate(byte[] recent, byte[] input, int columns, int rows, List<Looker> lookers) {
        private Map<String, Object> left() {
            return Map.of("recent", recent, "input", input, "columns", columns, "rows", rows,
                    "lookers", lookers.stream().map(Looker::left).toList());
        }

        private static Estate of(Map<?, ?> left) {
            return new Estate((byte[]) left.get("recent"), (byte[]) left.get("input"), (Integer) left.get("columns"),
                    (Integer) left.get("rows"), ((List<?>) left.get("lookers")).stream().map(each -> Looker.of((Map<?, ?>) each)).toList());
        }
    }

    /**
     * An attached viewer.
     *
     * @param backlog what it has yet to see
     * @param moved   told where it is now
     * @param shown   done when its old thread has shown its last
     */
    record Looker(Viewer viewer, int bound, byte[] backlog, BiConsumer<AttachableConsole, Attachment> moved,
            CompletableFuture<Void> shown) {
        private Map<String, Object> left() {
            return Map.of("viewer", viewer, "bound", bound, "backlog", backlog, "moved", moved, "shown", shown);
        }

        @SuppressWarnings("unchecked")
        private static Looker of(Map<?, ?> left) {
            return new Looker((Viewer) left.get("viewer"), (Integer) left.get("bound"), (byte[]) left.get("backlog"),
                    (BiConsumer<AttachableConsole, Attachment>) left.get("moved"), (CompletableFuture<Void>) left.get("shown"));
        }
    }

    /** Of consoles that nobody replaces. */
    Heritage NONE = new Heritage() {
        @Override
        public Optional<Estate> take(AttachableConsole heir) {
            return Optional.empty();
        }

        @Override
        public boolean leave(Function<AttachableConsole, Estate> pass, Runnable end) {
            return false;
        }
    };

    Optional<Estate> take(AttachableConsole heir);

    /**
     * @param pass called by the next console
     * @param end  called if there is none
     * @return whether there is to be one
     */
    boolean leave(Function<AttachableConsole, Estate> pass, Runnable end);

    static Heritage of(Supplier<Optional<BundleReplacer>> replacer, String vm, String console) {
        String what = "console " + console;
        return new Heritage() {
            @Override
            @SuppressWarnings("unchecked")
            public Optional<Estate> take(AttachableConsole heir) {
                return replacer.get().flatMap(service -> service.take(vm, "", what, Function.class))
                        .map(pass -> Estate.of(((Function<AttachableConsole, Map<String, Object>>) pass).apply(heir)));
            }

            @Override
            public boolean leave(Function<AttachableConsole, Estate> pass, Runnable end) {
                Function<AttachableConsole, Map<String, Object>> left = heir -> pass.apply(heir).left();
                return replacer.get().map(service -> service.leave(vm, "", what, left, end)).orElse(false);
            }
        };
    }
}
