package org.vm.engine.interp.internal;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.InterpreterEngine;
import org.vm.api.cpu.Translator;
import org.vm.api.isa.InstructionSet;

/** The interpreter engine: runs any instruction set from its annotated methods. */
@Component(service = {ExecutionEngine.class, InterpreterEngine.class}, property = "service.ranking:Integer=0")
@Designate(ocd = Interpreter.Config.class)
public final class Interpreter implements InterpreterEngine {
    /** Settings; the defaults are measured (docs/PERFORMANCE.md). */
    @ObjectClassDefinition(name = "Interpreter engine")
    public @interface Config {
        @AttributeDefinition(name = "Blocks", description = "Decoded blocks kept for each vCPU")
        int blocks() default 131072;

        @AttributeDefinition(name = "Fusion threshold", description = "Entries of a block after which its instructions are fused")
        int fuseThreshold() default 30000;

        @AttributeDefinition(name = "Fused length", description = "Instructions that one fused operation has at most; 1 turns fusion off")
        int fusedLength() default 8;

        @AttributeDefinition(name = "Fused classes", description = "Kinds of fused operations made at most for an instruction set")
        int fusedClasses() default 4096;
    }

    /**
     * Where hot blocks are translated, fusion is for those that nobody translates, so it waits this many times longer. Each
     * class of a fused operation is one more for HotSpot to compile, while it should compile translations.
     */
    private static final int FUSED_LATER = 8;

    /** A factory leads to the classes of instructions, so only who uses it holds it. */
    private final Map<InstructionSet, WeakReference<OpFactory>> factories = new WeakHashMap<>();
    private final int blocks;
    private final int fuseThreshold;
    private final int fusedLength;
    private final int fusedClasses;

    public Interpreter() {
        this(131072, 30000, 8, 4096);
    }

    @Activate
    public Interpreter(Config config) {
        this(config.blocks(), config.fuseThreshold(), config.fusedLength(), config.fusedClasses());
    }

    public Interpreter(int blocks, int fuseThreshold, int fusedLength, int fusedClasses) {
        if (blocks < 16 || fuseThreshold < 1 || fusedLength < 1) {
            throw new ConfigurationException("the interpreter cannot work with " + blocks + " blocks (at least 16), fusion after "
                    + fuseThreshold + " entries (at least 1), " + fusedLength + " instructions fused (at least 1)");
        }
        this.blocks = blocks;
        this.fuseThreshold = fuseThreshold;
        this.fusedLength = fusedLength;
        this.fusedClasses = fusedClasses;
    }

    @Override
    public String name() {
        return "interpreter";
    }

    @Override
    public ExecMode mode() {
        return ExecMode.INTERPRETER;
    }

    @Override
    public Runner runner(Cpu cpu) {
        return run(cpu, null);
    }

    @Override
    public Runner runner(Cpu cpu, Translator translator) {
        return run(cpu, translator);
    }

    private Runner run(Cpu cpu, Translator translator) {
        return new InterpreterRunner(cpu, new BlockCache(blocks),
                new BlockBuilder(cpu, factory(cpu.instructionSet()), fusedLength),
                translator == null ? fuseThreshold : (long) fuseThreshold * FUSED_LATER, translator);
    }

    private synchronized OpFactory factory(InstructionSet instructions) {
        WeakReference<OpFactory> known = factories.get(instructions);
        OpFactory found = known == null ? null : known.get();
        if (found == null) {
            found = new OpFactory(fusedClasses, instructions.registerSlots());
            factories.put(instructions, new WeakReference<>(found));
        }
        return found;
    }
}
