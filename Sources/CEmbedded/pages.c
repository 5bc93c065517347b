#include "embedded.h"

// The pages of the room Web; see embedded.c for how this works.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page_templates_agent_mustache[] = {
#embed "../Web/Pages/templates/agent.mustache" suffix(, )
    0};
static const unsigned char page_templates_agents_mustache[] = {
#embed "../Web/Pages/templates/agents.mustache" suffix(, )
    0};
static const unsigned char page_templates_approval_mustache[] = {
#embed "../Web/Pages/templates/approval.mustache" suffix(, )
    0};
static const unsigned char page_templates_approvals_mustache[] = {
#embed "../Web/Pages/templates/approvals.mustache" suffix(, )
    0};
static const unsigned char page_templates_banner_mustache[] = {
#embed "../Web/Pages/templates/banner.mustache" suffix(, )
    0};
static const unsigned char page_templates_beat_mustache[] = {
#embed "../Web/Pages/templates/beat.mustache" suffix(, )
    0};
static const unsigned char page_templates_branches_mustache[] = {
#embed "../Web/Pages/templates/branches.mustache" suffix(, )
    0};
static const unsigned char page_templates_counts_mustache[] = {
#embed "../Web/Pages/templates/counts.mustache" suffix(, )
    0};
static const unsigned char page_templates_dashboard_mustache[] = {
#embed "../Web/Pages/templates/dashboard.mustache" suffix(, )
    0};
static const unsigned char page_templates_entry_mustache[] = {
#embed "../Web/Pages/templates/entry.mustache" suffix(, )
    0};
static const unsigned char page_templates_head_mustache[] = {
#embed "../Web/Pages/templates/head.mustache" suffix(, )
    0};
static const unsigned char page_templates_help_mustache[] = {
#embed "../Web/Pages/templates/help.mustache" suffix(, )
    0};
static const unsigned char page_templates_journal_mustache[] = {
#embed "../Web/Pages/templates/journal.mustache" suffix(, )
    0};
static const unsigned char page_templates_languages_mustache[] = {
#embed "../Web/Pages/templates/languages.mustache" suffix(, )
    0};
static const unsigned char page_templates_legend_mustache[] = {
#embed "../Web/Pages/templates/legend.mustache" suffix(, )
    0};
static const unsigned char page_templates_login_mustache[] = {
#embed "../Web/Pages/templates/login.mustache" suffix(, )
    0};
static const unsigned char page_templates_notices_mustache[] = {
#embed "../Web/Pages/templates/notices.mustache" suffix(, )
    0};
static const unsigned char page_templates_pane_mustache[] = {
#embed "../Web/Pages/templates/pane.mustache" suffix(, )
    0};
static const unsigned char page_templates_picker_mustache[] = {
#embed "../Web/Pages/templates/picker.mustache" suffix(, )
    0};
static const unsigned char page_templates_policy_mustache[] = {
#embed "../Web/Pages/templates/policy.mustache" suffix(, )
    0};
static const unsigned char page_templates_portal_mustache[] = {
#embed "../Web/Pages/templates/portal.mustache" suffix(, )
    0};
static const unsigned char page_templates_question_mustache[] = {
#embed "../Web/Pages/templates/question.mustache" suffix(, )
    0};
static const unsigned char page_templates_run_mustache[] = {
#embed "../Web/Pages/templates/run.mustache" suffix(, )
    0};
static const unsigned char page_templates_runs_mustache[] = {
#embed "../Web/Pages/templates/runs.mustache" suffix(, )
    0};
static const unsigned char page_templates_status_mustache[] = {
#embed "../Web/Pages/templates/status.mustache" suffix(, )
    0};
static const unsigned char page_templates_tasks_mustache[] = {
#embed "../Web/Pages/templates/tasks.mustache" suffix(, )
    0};
static const unsigned char page_templates_texts_mustache[] = {
#embed "../Web/Pages/templates/texts.mustache" suffix(, )
    0};
static const unsigned char page_templates_time_mustache[] = {
#embed "../Web/Pages/templates/time.mustache" suffix(, )
    0};
static const unsigned char page_templates_top_mustache[] = {
#embed "../Web/Pages/templates/top.mustache" suffix(, )
    0};
static const unsigned char page_assets_page_css[] = {
#embed "../Web/Pages/assets/page.css" suffix(, )
    0};
static const unsigned char page_assets_pane_css[] = {
#embed "../Web/Pages/assets/pane.css" suffix(, )
    0};
static const unsigned char page_assets_live_js[] = {
#embed "../Web/Pages/assets/live.js" suffix(, )
    0};
static const unsigned char page_assets_morph_js[] = {
#embed "../Web/Pages/assets/morph.js" suffix(, )
    0};
static const unsigned char page_assets_tools_js[] = {
#embed "../Web/Pages/assets/tools.js" suffix(, )
    0};
static const unsigned char page_assets_panes_js[] = {
#embed "../Web/Pages/assets/panes.js" suffix(, )
    0};
static const unsigned char page_assets_dashboard_js[] = {
#embed "../Web/Pages/assets/dashboard.js" suffix(, )
    0};
static const unsigned char page_assets_journal_js[] = {
#embed "../Web/Pages/assets/journal.js" suffix(, )
    0};
static const unsigned char page_assets_answers_js[] = {
#embed "../Web/Pages/assets/answers.js" suffix(, )
    0};
static const unsigned char page_assets_portal_js[] = {
#embed "../Web/Pages/assets/portal.js" suffix(, )
    0};
static const unsigned char page_assets_login_js[] = {
#embed "../Web/Pages/assets/login.js" suffix(, )
    0};
static const unsigned char page_assets_service_worker_js[] = {
#embed "../Web/Pages/assets/service-worker.js" suffix(, )
    0};
static const unsigned char page_assets_manifest_webmanifest[] = {
#embed "../Web/Pages/assets/manifest.webmanifest" suffix(, )
    0};
static const unsigned char page_assets_offline_html[] = {
#embed "../Web/Pages/assets/offline.html" suffix(, )
    0};
static const unsigned char page_assets_offline_js[] = {
#embed "../Web/Pages/assets/offline.js" suffix(, )
    0};
static const unsigned char page_assets_icon_svg[] = {
#embed "../Web/Pages/assets/icon.svg" suffix(, )
    0};
static const unsigned char page_texts_json[] = {
#embed "../Web/Pages/texts.json" suffix(, )
    0};

#define PAGE_ROW(name, bytes) {name, (const char *)bytes, sizeof(bytes) - 1}

static const embedded_file pages[] = {
    PAGE_ROW("templates/agent.mustache", page_templates_agent_mustache),
    PAGE_ROW("templates/agents.mustache", page_templates_agents_mustache),
    PAGE_ROW("templates/approval.mustache", page_templates_approval_mustache),
    PAGE_ROW("templates/approvals.mustache", page_templates_approvals_mustache),
    PAGE_ROW("templates/banner.mustache", page_templates_banner_mustache),
    PAGE_ROW("templates/beat.mustache", page_templates_beat_mustache),
    PAGE_ROW("templates/branches.mustache", page_templates_branches_mustache),
    PAGE_ROW("templates/counts.mustache", page_templates_counts_mustache),
    PAGE_ROW("templates/dashboard.mustache", page_templates_dashboard_mustache),
    PAGE_ROW("templates/entry.mustache", page_templates_entry_mustache),
    PAGE_ROW("templates/head.mustache", page_templates_head_mustache),
    PAGE_ROW("templates/help.mustache", page_templates_help_mustache),
    PAGE_ROW("templates/journal.mustache", page_templates_journal_mustache),
    PAGE_ROW("templates/languages.mustache", page_templates_languages_mustache),
    PAGE_ROW("templates/legend.mustache", page_templates_legend_mustache),
    PAGE_ROW("templates/login.mustache", page_templates_login_mustache),
    PAGE_ROW("templates/notices.mustache", page_templates_notices_mustache),
    PAGE_ROW("templates/pane.mustache", page_templates_pane_mustache),
    PAGE_ROW("templates/picker.mustache", page_templates_picker_mustache),
    PAGE_ROW("templates/policy.mustache", page_templates_policy_mustache),
    PAGE_ROW("templates/portal.mustache", page_templates_portal_mustache),
    PAGE_ROW("templates/question.mustache", page_templates_question_mustache),
    PAGE_ROW("templates/run.mustache", page_templates_run_mustache),
    PAGE_ROW("templates/runs.mustache", page_templates_runs_mustache),
    PAGE_ROW("templates/status.mustache", page_templates_status_mustache),
    PAGE_ROW("templates/tasks.mustache", page_templates_tasks_mustache),
    PAGE_ROW("templates/texts.mustache", page_templates_texts_mustache),
    PAGE_ROW("templates/time.mustache", page_templates_time_mustache),
    PAGE_ROW("templates/top.mustache", page_templates_top_mustache),
    PAGE_ROW("assets/page.css", page_assets_page_css),
    PAGE_ROW("assets/pane.css", page_assets_pane_css),
    PAGE_ROW("assets/live.js", page_assets_live_js),
    PAGE_ROW("assets/morph.js", page_assets_morph_js),
    PAGE_ROW("assets/tools.js", page_assets_tools_js),
    PAGE_ROW("assets/panes.js", page_assets_panes_js),
    PAGE_ROW("assets/dashboard.js", page_assets_dashboard_js),
    PAGE_ROW("assets/journal.js", page_assets_journal_js),
    PAGE_ROW("assets/answers.js", page_assets_answers_js),
    PAGE_ROW("assets/portal.js", page_assets_portal_js),
    PAGE_ROW("assets/login.js", page_assets_login_js),
    PAGE_ROW("assets/service-worker.js", page_assets_service_worker_js),
    PAGE_ROW("assets/manifest.webmanifest", page_assets_manifest_webmanifest),
    PAGE_ROW("assets/offline.html", page_assets_offline_html),
    PAGE_ROW("assets/offline.js", page_assets_offline_js),
    PAGE_ROW("assets/icon.svg", page_assets_icon_svg),
    PAGE_ROW("texts.json", page_texts_json),
};

embedded_file embedded_page_at(size_t index) {
    const embedded_file none = {0, 0, 0};
    return index < sizeof pages / sizeof pages[0] ? pages[index] : none;
}
