package org.vm.engine.jit.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.InterpreterEngine;

/** Publishes the engines that translate: one for each mode, above the interpreter that they need. */
@Component(service = {}, immediate = true, configurationPid = "org.vm.engine.jit")
@Designate(ocd = JitEngines.Config.class)
public final class JitEngines {
    private static final int RANKING = 100;

    /** Settings; the defaults are measured (docs/PERFORMANCE.md). */
    @ObjectClassDefinition(name = "JIT engine")
    public @interface Config {
        @AttributeDefinition(name = "Threshold", description = "Instructions that a block runs before it is translated in hybrid mode, unless its machine has a threshold of its own (in entries)")
        int threshold() default JitEngine.THRESHOLD;

        @AttributeDefinition(name = "Adaptive threshold", description = "Whether the threshold rises while the compiler has much to do")
        boolean adaptiveThreshold() default true;

        @AttributeDefinition(name = "Code limit", description = "Bytes of bytecode kept for a machine; what runs least is dropped first")
        long codeLimit() default JitEngine.CODE_LIMIT;

        @AttributeDefinition(name = "Profile", description = "File that keeps what was hot for the next run, which translates it early; empty: where the framework's property org.vm.engine.jit.profile says, or nowhere")
        String profile() default "";
    }

    private final List<JitEngine> engines;
    private final List<ServiceRegistration<ExecutionEngine>> registrations = new ArrayList<>();

    @Activate
    public JitEngines(BundleContext context, Config config, @Reference InterpreterEngine interpreter) {
        String profile = config.profile().isBlank() ? context.getProperty("org.vm.engine.jit.profile") : config.profile();
        int threshold = config.threshold();
        boolean adaptive = config.adaptiveThreshold();
        JitEngine hybrid = profile == null || profile.isBlank()
                ? new JitEngine(interpreter, ExecMode.HYBRID, threshold, adaptive, config.codeLimit())
                : new JitEngine(interpreter, ExecMode.HYBRID, threshold, adaptive, config.codeLimit(), Path.of(profile));
        engines = List.of(hybrid, new JitEngine(interpreter, ExecMode.JIT, 1, false, config.codeLimit()));
        for (JitEngine engine : engines) {
            registrations.add(context.registerService(ExecutionEngine.class, engine, new Hashtable<>(Map.of(
                    Constants.SERVICE_RANKING, RANKING, "mode", engine.mode().text()))));
        }
    }

    @Deactivate
    void stop() {
        // The machines let go of the engines first.
        registrations.forEach(ServiceRegistration::unregister);
        engines.forEach(JitEngine::close);
    }
}
