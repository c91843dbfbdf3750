package org.vm.machine.internal;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.ExecutionException;
import org.vm.api.PerformanceStats;
import org.vm.api.VmConfig;
import org.vm.api.VmException;
import org.vm.api.bus.Bus;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.irq.InterruptController;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.machine.DeviceManager;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineState;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.MmuFactory;

/**
 * A machine: memory, bus, CPUs and devices, and the life that they lead together. Needs no container.
 *
 * <p>Life-cycle operations hold one lock and wait for vCPUs, so they never run on a vCPU's thread: what the guest asks for
 * (power-off, reset) only gives orders there, and the rest happens on a thread of its own.
 */
public final class VirtualMachine implements Machine, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VirtualMachine.class);
    /** Longest wait for a part that is plugged into another one. */
    private static final long PLUGGED_NANOS = TimeUnit.SECONDS.toNanos(2);
    /** Exit status of a run that was ended from outside (as a shell reports a process ended by SIGTERM). */
    public static final int STOPPED_STATUS = 143;

    private final VmConfig config;
    private final Board board;
    private final Boot boot;
    private final CpuArchitecture architecture;
    private final SystemClock clock;
    private final GuestMemory memory;
    private final PhysicalBus bus;
    private final DeviceRegistry devices;
    private final List<Cpu> cpus = new ArrayList<>();
    private final List<VcpuThread> vcpus = new ArrayList<>();
    private final ReentrantLock lifecycle = new ReentrantLock();
    private final ReentrantLock standstill = new ReentrantLock();
    private final AtomicBoolean resetRequested = new AtomicBoolean();
    private final Instructions instructions;
    private volatile Duration patience = Duration.ZERO;
    /** The device tree as it was given to the guest last. */
    private byte[] tree;
    private volatile MachineState state = MachineState.CREATED;
    private volatile String reason;
    private final EngineChoice engines;
    private volatile CompletableFuture<Integer> run = new CompletableFuture<>();

    /** @param extensions instructions that other bundles bring */
    public VirtualMachine(VmConfig config, Board board, Boot boot, MmuFactory mmus, CpuArchitecture architecture,
            List<InstructionExtension> extensions) {
        this.config = config;
        engines = new EngineChoice(config.execMode());
        this.board = board;
        this.boot = boot;
        this.architecture = architecture;
        clock = new SystemClock(config.name(), e -> fail("a timer failed", e));
        memory = mmus.memory(List.of(new GuestMemory.Region("rom", board.romBase(), board.romSize(), 0, false),
                new GuestMemory.Region("ram", board.ramBase(), config.memoryBytes(), 0, true)));
        bus = new PhysicalBus(memory);
        Platform platform = new Platform(this, clock, boot.firmware().isEmpty());
        devices = new DeviceRegistry(config.name(), board, bus, platform::device, this::atStandstill,
                () -> vcpus.forEach(VcpuThread::look));
        instructions = new Instructions(name(), architecture);
        InstructionSet initial = instructions.choose(extensions);
        for (int id = 0; id < config.vcpus(); id++) {
            Cpu cpu = architecture.cpu(id, initial, mmus.mmu(memory, bus, config.tlbEntries()), platform);
            cpus.add(cpu);
            vcpus.add(new VcpuThread(config, cpu,
                    (failed, e) -> fail("vCPU %d failed at pc 0x%x".formatted(failed.id, failed.pc), e)));
        }
    }

    /** How long {@link #start()} waits for the board's devices. */
    public void patience(Duration time) {
        patience = time;
    }

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public VmConfig config() {
        return config;
    }

    @Override
    public MachineState state() {
        return state;
    }

    @Override
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    @Override
    public void start() {
        lifecycle.lock();
        try {
            if (running()) {
                throw new VmException("machine '%s' runs already".formatted(name()));
            }
            try {
                boot.check(name());
                awaitDevices();
                // Time starts before the devices are reset: they look at it.
                clock.restart();
                load();
            } catch (RuntimeException e) {
                clock.pause();
                state = MachineState.FAILED;
                reason = sentence(e);
                throw e;
            }
            reason = null;
            if (run.isDone()) {
                run = new CompletableFuture<>();
            }
            state = MachineState.RUNNING;
            vcpus.forEach(vcpu -> vcpu.start(VcpuThread.Order.RUN));
            LOG.info("machine '{}' runs", name());
        } finally {
            lifecycle.unlock();
        }
    }

    /** Whether there is a guest. */
    boolean running() {
        return state == MachineState.RUNNING || state == MachineState.PAUSED;
    }

    private List<String> partNames(Predicate<Board.Part> which) {
        return board.parts().stream().filter(which).map(Board.Part::name).toList();
    }

    private void awaitDevices() {
        try {
            List<String> needed = Stream.concat(partNames(Board.Part::device).stream(), devices.kept().stream()).distinct().toList();
            List<String> absent = devices.await(needed, patience.toNanos());
            if (!absent.isEmpty()) {
                throw new ConfigurationException("machine '%s' cannot start: its board '%s' lacks %s"
                        .formatted(name(), board.name(), String.join(", ", absent)));
            }
            // It runs without these; but guests look for them only once.
            devices.await(partNames(Board.Part::plugged), Math.min(patience.toNanos(), PLUGGED_NANOS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ExecutionException("the start of machine '%s' was interrupted".formatted(name()), e);
        }
    }

    /** Everything to its reset state, images into RAM, CPUs to their entry. Only while no vCPU runs. */
    private void load() {
        devices.reset();
        synchronized (engines) {
            cpus.forEach(Cpu::reset);
        }
        Loader loader = new Loader(name(), memory, board.ramBase(), config.memoryBytes());
        long kernelAddress = board.ramBase() + board.kernelOffset();
        Optional<Long> firmware = boot.firmware().map(image -> loader.program("firmware", image, board.ramBase()));
        Optional<Long> kernel = boot.kernel().map(image -> loader.program("kernel", image, kernelAddress));
        long treeAddress = treeAddress();
        Optional<Loader.Range> initrd = boot.initrd().map(image -> loader.initrd(image, treeAddress));
        List<DeviceManager.Attachment> there = devices.attachments();
        // One that is being replaced cannot be asked, but its successor is what it was.
        if (tree == null || there.stream().noneMatch(attachment -> attachment.device() instanceof Place)) {
            tree = new MachineTree(config, board, there, boot.firmware().isEmpty()).build(architecture, cpus, boot.append(), initrd).flatten();
        }
        loader.copy("device tree", MemorySegment.ofArray(tree), treeAddress, tree.length);
        long entry = firmware.isPresent() ? board.romBase() : kernel.orElseThrow();
        firmware.ifPresent(start -> new ResetRom(start, treeAddress, kernel.orElse(kernelAddress))
                .write(memory.segment().asSlice(memory.offset(board.romBase(), board.romSize()), board.romSize())));
        for (Cpu cpu : cpus) {
            architecture.boot(cpu, entry, treeAddress);
        }
    }

    /** At the end of RAM, with room behind it, because firmware adds nodes in place. */
    private long treeAddress() {
        long end = board.ramBase() + config.memoryBytes();
        return config.memoryBytes() < 16 << 20 ? end - (64 << 10) : end - (2 << 20) & -(2L << 20);
    }

    @Override
    public void stop() {
        end(run, MachineState.STOPPED, "stopped", STOPPED_STATUS, null);
    }

    /** Ends a run, unless it has ended. */
    private void end(CompletableFuture<Integer> which, MachineState next, String why, int status, Throwable cause) {
        lifecycle.lock();
        try {
            if (which != run || !running()) {
                return;
            }
            try {
                stand(VcpuThread.Order.STOP);
            } catch (ExecutionException e) {
                next = MachineState.FAILED;
                why = e.getMessage();
                cause = e;
            }
            clock.pause();
            state = next;
            reason = why;
        } finally {
            lifecycle.unlock();
        }
        LOG.info("machine '{}' {}: {}", name(), next, why);
        if (next == MachineState.FAILED) {
            which.completeExceptionally(new ExecutionException("machine '%s' failed: %s".formatted(name(), why), cause));
        } else {
            which.complete(status);
        }
    }

    @Override
    public void pause() {
        lifecycle.lock();
        try {
            require(MachineState.RUNNING, "paused");
            stand(VcpuThread.Order.PAUSE);
            clock.pause();
            state = MachineState.PAUSED;
        } finally {
            lifecycle.unlock();
        }
    }

    @Override
    public void resume() {
        lifecycle.lock();
        try {
            require(MachineState.PAUSED, "resumed");
            clock.resume();
            state = MachineState.RUNNING;
            vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.RUN));
        } finally {
            lifecycle.unlock();
        }
    }

    @Override
    public void reset() {
        lifecycle.lock();
        try {
            if (!running()) {
                throw new VmException("machine '%s' is %s and cannot be reset; start it".formatted(name(), state));
            }
            restart();
        } finally {
            lifecycle.unlock();
        }
    }

    /** Boots again. If that fails, so has the machine. */
    private void restart() {
        LOG.info("machine '{}' is reset", name());
        try {
            vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.PAUSE));
            // An access that waits for a device is not taken up again, and no other one is begun.
            vcpus.forEach(VcpuThread::comeOut);
            awaitStanding();
            load();
        } catch (RuntimeException e) {
            end(run, MachineState.FAILED, "it could not be reset: " + sentence(e), 0, e);
            throw e;
        }
        if (state == MachineState.RUNNING) {
            vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.RUN));
        }
    }

    /** What to tell people of an error: only the monitor's own are written for them. */
    private static String sentence(Throwable e) {
        return e instanceof VmException ? e.getMessage() : e.toString();
    }

    private void require(MachineState expected, String what) {
        if (state != expected) {
            throw new VmException("machine '%s' is %s and cannot be %s".formatted(name(), state, what));
        }
    }

    /** As {@link org.vm.api.device.DeviceContext#atStandstill}. */
    void atStandstill(Runnable action) {
        if (VcpuThread.current() != null) {
            throw new IllegalStateException("a vCPU of machine '" + name() + "' cannot wait until all of them stand");
        }
        standstill.lock();
        try {
            vcpus.forEach(VcpuThread::bar);
            try {
                awaitStanding();
                action.run();
            } finally {
                vcpus.forEach(VcpuThread::unbar);
            }
        } finally {
            standstill.unlock();
        }
    }

    /** Gives all vCPUs the order and waits until they stand. */
    private void stand(VcpuThread.Order order) {
        vcpus.forEach(vcpu -> vcpu.order(order));
        awaitStanding();
    }

    private void awaitStanding() {
        for (int i = 0; i < vcpus.size(); i++) {
            if (!vcpus.get(i).awaitStanding(devices.attachments())) {
                throw new ExecutionException("vCPU %d of machine '%s' does not come to a stop, at pc 0x%x"
                        .formatted(i, name(), cpus.get(i).pc));
            }
        }
    }

    /** The guest or a device ends the machine. Any thread; returns at once. */
    void powerOff(int status) {
        CompletableFuture<Integer> which = run;
        vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.STOP));
        String why = status == 0 ? "the guest powered off" : "the guest ended with status " + status;
        Thread.startVirtualThread(() -> end(which, MachineState.STOPPED, why, status, null));
    }

    /** The guest or a device restarts the machine. Any thread; returns at once. */
    void requestReset() {
        CompletableFuture<Integer> which = run;
        vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.PAUSE));
        if (resetRequested.compareAndSet(false, true)) {
            Thread.startVirtualThread(() -> guestReset(which));
        }
    }

    private void guestReset(CompletableFuture<Integer> which) {
        lifecycle.lock();
        try {
            resetRequested.set(false);
            if (which == run && running()) {
                restart();
            }
        } catch (RuntimeException e) {
            LOG.error("machine '{}' could not be reset as its guest asked", name(), e);
        } finally {
            lifecycle.unlock();
        }
    }

    private void fail(String what, Throwable cause) {
        LOG.error("machine '{}': {}", name(), what, cause);
        CompletableFuture<Integer> which = run;
        vcpus.forEach(vcpu -> vcpu.order(VcpuThread.Order.STOP));
        Thread.startVirtualThread(() -> end(which, MachineState.FAILED, what + ": " + sentence(cause), 0, cause));
    }

    @Override
    public CompletableFuture<Integer> ended() {
        // A copy: nobody else ends the run by completing it.
        return run.copy();
    }

    /** Offers an engine alone, or none ({@code null}); returns when the former one has let go. */
    public void engine(ExecutionEngine only) {
        engines(only == null ? List.of() : List.of(only));
    }

    /** Offers engines, the best one first; returns when those that are not chosen have let go. */
    public void engines(List<ExecutionEngine> offered) {
        change(() -> engines.offer(offered));
    }

    @Override
    public ExecMode mode() {
        return engines.mode();
    }

    @Override
    public void mode(ExecMode mode) {
        change(() -> engines.want(mode));
    }

    private void change(Runnable choice) {
        synchronized (engines) {
            ExecutionEngine before = engines.chosen();
            choice.run();
            ExecutionEngine now = engines.chosen();
            if (now != before) {
                vcpus.forEach(vcpu -> vcpu.engine(now));
                LOG.info("machine '{}': engine {}", name(), engines);
            }
        }
    }

    @Override
    public String engine() {
        return engines.toString();
    }

    /**
     * The instructions that bundles bring from now on, those first that have their way where two conflict. The vCPUs go over
     * to them at once, between two instructions: no engine keeps anything of the former ones. Returns when they have.
     *
     * @throws ExecutionException if a vCPU does not come to a stop; all keep the former instructions
     */
    public void extensions(List<InstructionExtension> extensions) {
        extensions(() -> extensions);
    }

    /** As {@link #extensions(List)}; of several changes at the same time the last one is the last. */
    void extensions(Supplier<List<InstructionExtension>> present) {
        synchronized (engines) {
            List<InstructionExtension> before = instructions.accepted();
            InstructionSet next = instructions.choose(present.get());
            if (instructions.accepted().equals(before)) {
                return;
            }
            try {
                for (VcpuThread vcpu : vcpus) {
                    if (!vcpu.engine(null)) {
                        instructions.choose(before);
                        throw new ExecutionException(("the instructions of machine '%s' stay as they were, for a vCPU of it does "
                                + "not come to a stop").formatted(name()));
                    }
                }
                cpus.forEach(cpu -> cpu.instructionSet(next));
            } finally {
                vcpus.forEach(vcpu -> vcpu.engine(engines.chosen()));
            }
        }
        LOG.info("machine '{}': instructions {}", name(), cpus.getFirst().instructionSet().name());
    }

    /** Those of bundles that are in use. */
    List<InstructionExtension> extensions() {
        return instructions.accepted();
    }

    @Override
    public Bus bus() {
        return bus;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public List<? extends Cpu> cpus() {
        return Collections.unmodifiableList(cpus);
    }

    @Override
    public Optional<InterruptController> interrupts() {
        return devices.controller();
    }

    @Override
    public DeviceRegistry devices() {
        return devices;
    }

    @Override
    public Optional<TranslatedCode> translated() {
        return vcpus.stream().flatMap(vcpu -> vcpu.translated().stream()).findFirst();
    }

    @Override
    public PerformanceStats stats(int cpu) {
        return vcpus.get(cpu).stats();
    }

    @Override
    public List<String> missing() {
        List<String> missing = new ArrayList<>(boot.missing());
        for (Board.Part part : board.parts()) {
            if (part.device() && devices.find(part.name()).isEmpty()) {
                missing.add("device '%s' (%s) of board '%s' is not there".formatted(part.name(), part.kind(), board.name()));
            }
        }
        if (engines.chosen() == null) {
            missing.add("no execution engine for mode " + mode().text() + " is installed");
        }
        return missing;
    }

    @Override
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>(instructions.refusals());
        warnings.addAll(devices.warnings());
        devices.kept().forEach(name -> warnings.add("device '%s' is being replaced; accesses of the guest wait for it".formatted(name)));
        for (int i = 0; i < vcpus.size(); i++) {
            Optional<String> stuck = vcpus.get(i).stuckIn(devices.attachments());
            if (stuck.isPresent()) {
                warnings.add("vCPU %d waits for %s".formatted(i, stuck.get()));
            }
        }
        return warnings;
    }

    /** Ends the run, lets all devices go and frees the memory. */
    @Override
    public void close() {
        stop();
        devices.clear();
        clock.close();
        memory.close();
    }
}
