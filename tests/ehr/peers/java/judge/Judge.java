import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * HL7's own validator (as HAPI FHIR carries it) and HAPI's HL7 v2 model, as judges that are asked line by line.
 *
 * <p>Reads {"judge": "fhir", "resource": {...}, "profile": "url or empty"} or {"judge": "v2", "text": "..."};
 * answers {"complaints": [...]}. Its one argument is a folder of profiles, value sets and code systems.
 */
public final class Judge {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path definitions;
    private FhirValidator validator;

    private Judge(Path definitions) {
        this.definitions = definitions;
    }

    public static void main(String[] arguments) throws IOException {
        // What libraries print must not get between the answers.
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Judge judge = new Judge(Path.of(arguments[0]));
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            answers.println(JSON.writeValueAsString(judge.answer(line)));
        }
    }

    private Map<String, Object> answer(String line) {
        try {
            JsonNode question = JSON.readTree(line);
            if (question.get("judge").asText().equals("v2")) {
                return Map.of("complaints", Version2.complaints(question.get("text").asText()));
            }
            return Map.of("complaints", complaints(question.get("resource"), question.get("profile").asText()));
        } catch (Exception | LinkageError | StackOverflowError error) {
            return Map.of("failed", error.toString());
        }
    }

    private List<String> complaints(JsonNode resource, String profile) throws IOException {
        ValidationOptions options = new ValidationOptions();
        if (!profile.isEmpty()) {
            options.addProfile(profile);
        }
        List<String> found = new ArrayList<>();
        for (SingleValidationMessage each : validator().validateWithResult(resource.toString(), options).getMessages()) {
            ResultSeverityEnum severity = each.getSeverity();
            found.add(severity.getCode() + ": " + each.getLocationString() + ": " + each.getMessage());
        }
        return found;
    }

    private FhirValidator validator() throws IOException {
        if (validator == null) {
            FhirContext context = FhirContext.forR4();
            validator = context.newValidator();
            validator.registerValidatorModule(Definitions.validator(context, definitions));
        }
        return validator;
    }
}
