package org.vm.backend.block.internal;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.vm.api.replace.BundleReplacer;

/** Where a RAM disk finds the memory that it had before it was replaced, and leaves it. */
interface Keepsake {
    /** For RAM disks that nobody replaces. */
    Keepsake NONE = new Keepsake() {
        @Override
        public Optional<AtomicReferenceArray<MemorySegment>> take() {
            return Optional.empty();
        }

        @Override
        public void leave(AtomicReferenceArray<MemorySegment> chunks) {}
    };

    Optional<AtomicReferenceArray<MemorySegment>> take();

    void leave(AtomicReferenceArray<MemorySegment> chunks);

    static Keepsake of(Supplier<Optional<BundleReplacer>> replacer, String vm, String disk, String what) {
        return new Keepsake() {
            @Override
            @SuppressWarnings("unchecked")
            public Optional<AtomicReferenceArray<MemorySegment>> take() {
                return replacer.get().flatMap(r -> r.take(vm, disk, what, AtomicReferenceArray.class))
                        .map(chunks -> (AtomicReferenceArray<MemorySegment>) chunks);
            }

            @Override
            public void leave(AtomicReferenceArray<MemorySegment> chunks) {
                // Memory without an owner is free; nothing is to be cleaned up.
                replacer.get().ifPresent(r -> r.leave(vm, disk, what, chunks, () -> { }));
            }
        };
    }
}
