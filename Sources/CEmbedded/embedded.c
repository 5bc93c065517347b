#include "embedded.h"

// #embed is C23; clang has it in every C mode as an extension. Paths are relative to this file, and the compiler reports
// the files as dependencies, so a change to one of them is built in.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Each file is an array `bytes_<name>` with a NUL behind it and a row in the table below.

static const unsigned char bytes_template_ci_hardening[] = {
#embed "../../templates/ci-hardening.md" suffix(, )
    0};
static const unsigned char bytes_template_code_review[] = {
#embed "../../templates/code-review.md" suffix(, )
    0};
static const unsigned char bytes_template_docs[] = {
#embed "../../templates/docs.md" suffix(, )
    0};
static const unsigned char bytes_template_implementation[] = {
#embed "../../templates/implementation.md" suffix(, )
    0};
static const unsigned char bytes_template_orchestrator[] = {
#embed "../../templates/orchestrator.md" suffix(, )
    0};
static const unsigned char bytes_template_qa_template[] = {
#embed "../../templates/qa-template.md" suffix(, )
    0};

static const unsigned char bytes_starter_fleet[] = {
#embed "../Config/Starters/fleet.toml" suffix(, )
    0};
static const unsigned char bytes_starter_policy[] = {
#embed "../Config/Starters/policy.yaml" suffix(, )
    0};
static const unsigned char bytes_starter_gitignore[] = {
#embed "../Config/Starters/gitignore" suffix(, )
    0};

static const unsigned char bytes_rules_aider[] = {
#embed "../Core/Detection/rules/aider.yaml" suffix(, )
    0};
static const unsigned char bytes_rules_claude[] = {
#embed "../Core/Detection/rules/claude.yaml" suffix(, )
    0};
static const unsigned char bytes_rules_codex[] = {
#embed "../Core/Detection/rules/codex.yaml" suffix(, )
    0};
static const unsigned char bytes_rules_gemini[] = {
#embed "../Core/Detection/rules/gemini.yaml" suffix(, )
    0};
static const unsigned char bytes_rules_opencode[] = {
#embed "../Core/Detection/rules/opencode.yaml" suffix(, )
    0};
static const unsigned char bytes_rules_shell[] = {
#embed "../Core/Detection/rules/shell.yaml" suffix(, )
    0};

#define FILE_ROW(name, bytes) {name, (const char *)bytes, sizeof(bytes) - 1}

static const embedded_file files[] = {
    FILE_ROW("templates/ci-hardening.md", bytes_template_ci_hardening),
    FILE_ROW("templates/code-review.md", bytes_template_code_review),
    FILE_ROW("templates/docs.md", bytes_template_docs),
    FILE_ROW("templates/implementation.md", bytes_template_implementation),
    FILE_ROW("templates/orchestrator.md", bytes_template_orchestrator),
    FILE_ROW("templates/qa-template.md", bytes_template_qa_template),

    FILE_ROW("starters/fleet.toml", bytes_starter_fleet),
    FILE_ROW("starters/policy.yaml", bytes_starter_policy),
    FILE_ROW("starters/gitignore", bytes_starter_gitignore),

    FILE_ROW("rules/aider.yaml", bytes_rules_aider),
    FILE_ROW("rules/claude.yaml", bytes_rules_claude),
    FILE_ROW("rules/codex.yaml", bytes_rules_codex),
    FILE_ROW("rules/gemini.yaml", bytes_rules_gemini),
    FILE_ROW("rules/opencode.yaml", bytes_rules_opencode),
    FILE_ROW("rules/shell.yaml", bytes_rules_shell),
};

embedded_file embedded_file_at(size_t index) {
    const embedded_file none = {0, 0, 0};
    return index < sizeof files / sizeof files[0] ? files[index] : none;
}
